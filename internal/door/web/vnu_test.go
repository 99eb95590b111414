package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Every page that a test looks at is kept, and all of them are shown to the Nu HTML checker
// after the tests: its virtual machine is slow to start, so it is started once.
// LINLI_VNU is its jar; scripts/test.sh sets it, and LINLI_TEST_NEED_BROWSER, without which
// a missing jar is no failure.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && os.Getenv("LINLI_VNU") != "" {
		code = vnuAll()
	}
	os.Exit(code)
}

func TestTheCheckerIsThere(t *testing.T) {
	jar := os.Getenv("LINLI_VNU")
	if jar == "" && os.Getenv("LINLI_TEST_NEED_BROWSER") != "1" {
		t.Skip("LINLI_VNU is not set; make test installs it")
	}
	if jar == "" {
		t.Fatal("LINLI_TEST_NEED_BROWSER is set, but LINLI_VNU is not")
	}
	bad := `<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><ul><p>x</ul>`
	got, err := vnu(jar, map[string][]byte{"bad": []byte(bad), "good": []byte(strings.Replace(bad, "<ul><p>x</ul>", "<p>x", 1))})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 {
		t.Error("the checker found nothing in a bad page")
	}
	for _, f := range got {
		if f.page != "bad" {
			t.Errorf("found in a good page: %v", f)
		}
	}
}

var kept = struct {
	sync.Mutex
	pages map[[32]byte]keptPage
}{pages: map[[32]byte]keptPage{}}

type keptPage struct {
	name string
	body []byte
}

var digits = regexp.MustCompile(`\d+|[A-Za-z0-9_-]{22,}`)

// keep notes a page for the checker; those that differ in numbers and secrets alone, once.
func keep(name string, page []byte) {
	if os.Getenv("LINLI_VNU") == "" {
		return
	}
	// What was sent is said back to be mended. No box of a browser takes control characters,
	// so a page that holds some was asked for by a program.
	if bytes.ContainsFunc(page, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\f\r", r) }) {
		return
	}
	kept.Lock()
	defer kept.Unlock()
	kept.pages[sha256.Sum256(digits.ReplaceAll(page, []byte("0")))] = keptPage{name, bytes.Clone(page)}
}

func vnuAll() int {
	if len(kept.pages) == 0 { // a random search, or a test that shows nothing
		return 0
	}
	all := map[string][]byte{}
	for _, p := range kept.pages {
		name := p.name
		for i := 2; all[name] != nil; i++ {
			name = fmt.Sprintf("%s (%d)", p.name, i)
		}
		all[name] = p.body
	}
	found, err := vnu(os.Getenv("LINLI_VNU"), all)
	if err != nil {
		fmt.Println("the HTML checker:", err)
		return 1
	}
	said := map[string]int{}
	for _, f := range found {
		if said[f.message]++; said[f.message] <= 3 {
			fmt.Printf("--- FAIL: %s: %s\n\t%s\n", f.page, f.message, f.extract)
		}
	}
	fmt.Printf("the HTML checker looked at %d pages and found %d faults of %d kinds\n", len(all), len(found), len(said))
	return min(len(found), 1)
}

type finding struct{ page, message, extract string }

// vnu shows pages to the checker and gives what it minds, warnings too.
func vnu(jar string, pages map[string][]byte) ([]finding, error) {
	dir, err := os.MkdirTemp("", "vnu")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	names := map[string]string{}
	for name, b := range pages {
		file := fmt.Sprintf("%04d.html", len(names))
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			return nil, err
		}
		names[file] = name
	}
	c := exec.Command("java", "-Xss4m", "-Xmx512m", "-jar", jar, "--format", "json", "--stdout", "--exit-zero-always", "--no-langdetect", dir)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	var got struct {
		Messages []struct{ Type, SubType, URL, Message, Extract string }
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return nil, fmt.Errorf("%w: %.500s %s", err, out, stderr.String())
	}
	var found []finding
	for _, m := range got.Messages {
		if m.Type == "info" && m.SubType != "warning" {
			continue
		}
		found = append(found, finding{names[filepath.Base(m.URL)], m.Message, strings.Join(strings.Fields(m.Extract), " ")})
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.page, b.page) })
	return found, nil
}
