package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/fail"
)

// Config is what an installation is told by flags and environment (LINLI_…).
type Config struct {
	DB      string   `name:"db" env:"LINLI_DB" placeholder:"FILE|postgres://…" help:"Database: a SQLite file (default: linli.db in the data folder) or a postgres:// address."`
	Data    string   `env:"LINLI_DATA" default:"linli-data" placeholder:"DIR" help:"Folder for photos, the audit heads and the embedded database."`
	Town    string   `env:"LINLI_TOWN" default:"邻里事" help:"Name shown at the top of every page."`
	Root    string   `env:"LINLI_ROOT" placeholder:"CODE" help:"Code of the subdistrict this is for; default: the first there is."`
	Zone    string   `env:"LINLI_ZONE" default:"Asia/Shanghai" help:"Time zone of the town."`
	Listen  string   `env:"LINLI_LISTEN" default:"127.0.0.1:8080" help:"Address to serve on."`
	URL     string   `name:"url" env:"LINLI_URL" placeholder:"https://…" help:"Address people reach this at; links in messages and QR codes are made from it."`
	Cert    string   `name:"tls-cert" env:"LINLI_TLS_CERT" placeholder:"FILE" help:"TLS certificate, when we serve TLS ourselves."`
	Key     string   `name:"tls-key" env:"LINLI_TLS_KEY" placeholder:"FILE" help:"TLS key."`
	Proxies []string `name:"trusted-proxy" env:"LINLI_TRUSTED_PROXY" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	Metrics string   `name:"metrics-listen" env:"LINLI_METRICS_LISTEN" placeholder:"ADDR" help:"Address for /metrics; default: not served."`
	Map     string   `env:"LINLI_MAP" placeholder:"FILE" help:"Base map made by 'linli import basemap'."`
	Tiles   string   `env:"LINLI_TILES" placeholder:"URL" help:"XYZ layer instead of the base map, with {z} {x} {y}."`
	TilesBy string   `name:"tiles-credit" env:"LINLI_TILES_CREDIT" help:"Credit and approval number of that layer (审图号)."`
	Phone   string   `env:"LINLI_PHONE" help:"Telephone of the subdistrict, shown on error pages."`
	Record  string   `env:"LINLI_RECORD" help:"Record numbers for the foot of every page (备案)."`
	SMTP    string   `name:"smtp" env:"LINLI_SMTP" secret:"yes" placeholder:"smtp://user:password@host:port" help:"Mail server; smtps:// for TLS from the start."`
	From    string   `name:"mail-from" env:"LINLI_MAIL_FROM" placeholder:"ADDR" help:"Sender of mails."`
	SMS     string   `name:"sms-url" env:"LINLI_SMS_URL" secret:"yes" placeholder:"URL" help:"SMS gateway."`
	SMSKey  string   `name:"sms-key" env:"LINLI_SMS_KEY" secret:"yes" help:"Key the SMS gateway's requests are signed with."`
	SMSDay  int      `name:"sms-per-day" env:"LINLI_SMS_PER_DAY" default:"500" help:"Most SMS sent in a day."`
	Robot   string   `name:"robot-url" env:"LINLI_ROBOT_URL" secret:"yes" placeholder:"URL" help:"WeCom, DingTalk or Feishu group robot told of urgent matters."`
	Inside  []string `name:"may-call" env:"LINLI_MAY_CALL" placeholder:"CIDR" help:"Networks of our own that gateway, robot and audit hook may lie in; others than public addresses are refused."`
	Heads   string   `name:"audit-heads" env:"LINLI_AUDIT_HEADS" placeholder:"FILE" help:"Where the heads of the audit chain are kept; put it on another disk."`
	Hook    string   `name:"audit-hook" env:"LINLI_AUDIT_HOOK" secret:"yes" placeholder:"URL" help:"Address outside that is sent the heads of the audit chain as well."`
	HookKey string   `name:"audit-hook-key" env:"LINLI_AUDIT_HOOK_KEY" secret:"yes" help:"Key those messages are signed with."`
	Secret  string   `env:"LINLI_SECRET" secret:"yes" help:"Key of the links in mails; nodes that serve one town share it. Default: made once and kept in the data folder."`
	Ballast int64    `hidden:"" env:"LINLI_BALLAST" default:"-1" help:"Bytes of the file that is thrown out when the disk is full."`
	Level   string   `name:"log-level" env:"LINLI_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least log level."`

	Lease time.Duration `hidden:"" env:"LINLI_JOB_LEASE" default:"1m" help:"How long work stays with a node that no longer renews its claim."`
}

// database is where the data lives.
func (c Config) database() string {
	if c.DB != "" {
		return c.DB
	}
	return filepath.Join(c.Data, "linli.db")
}

func (c Config) heads() string {
	if c.Heads != "" {
		return c.Heads
	}
	return filepath.Join(c.Data, "heads.log")
}

// check refuses what would not do what it looks like: an address without its scheme makes
// cookies that any network may read, a key without its certificate serves without TLS.
func (c Config) check() error {
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fail.New(fail.Invalid, "cli.config.url", "value", c.URL)
	}
	if (c.Cert == "") != (c.Key == "") {
		return fail.New(fail.Invalid, "cli.config.tls")
	}
	for _, f := range []string{c.Cert, c.Key} {
		if f == "" {
			continue
		}
		b, err := os.Open(f)
		if err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "cli.config.file", Args: []any{"file", f}, Err: err}
		}
		b.Close()
	}
	if c.SMTP != "" && c.From == "" {
		return fail.New(fail.Invalid, "cli.config.from")
	}
	if _, _, err := net.SplitHostPort(c.Listen); c.Listen != "" && err != nil {
		return &fail.Error{Kind: fail.Invalid, Code: "cli.config.listen", Args: []any{"value", c.Listen}, Err: err}
	}
	return nil
}

func (c Config) zone() (*time.Location, error) {
	z, err := time.LoadLocation(c.Zone)
	if err != nil {
		err = &fail.Error{Kind: fail.Invalid, Code: "cli.config.zone", Args: []any{"value", c.Zone}, Err: err}
	}
	return z, err
}

func (c Config) proxies() (out []netip.Prefix, err error) {
	for _, s := range c.Proxies {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err2 := netip.ParseAddr(s)
			if err2 != nil {
				return nil, &fail.Error{Kind: fail.Invalid, Code: "cli.config.proxy", Args: []any{"value", s}, Err: err}
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// print writes the configuration with its secrets hidden.
func (c Config) print(w io.Writer) {
	hide := func(s string) string {
		if s == "" {
			return ""
		}
		return "***"
	}
	db := showDB(c.database())
	for _, kv := range [][2]string{
		{"db", db}, {"data", c.Data}, {"town", c.Town}, {"root", c.Root}, {"zone", c.Zone}, {"listen", c.Listen}, {"url", c.URL},
		{"tls-cert", c.Cert}, {"tls-key", hide(c.Key)}, {"trusted-proxy", strings.Join(c.Proxies, ",")}, {"metrics-listen", c.Metrics},
		{"map", c.Map}, {"tiles", hide(c.Tiles)}, {"tiles-credit", c.TilesBy}, {"phone", c.Phone}, {"record", c.Record},
		{"smtp", hide(c.SMTP)}, {"mail-from", c.From}, {"sms-url", hide(c.SMS)}, {"sms-key", hide(c.SMSKey)}, {"sms-per-day", fmt.Sprint(c.SMSDay)},
		{"robot-url", hide(c.Robot)}, {"may-call", strings.Join(c.Inside, ",")}, {"secret", hide(c.Secret)}, {"audit-heads", c.heads()}, {"audit-hook", hide(c.Hook)}, {"audit-hook-key", hide(c.HookKey)}, {"log-level", c.Level},
	} {
		fmt.Fprintf(w, "%-16s %s\n", kv[0], kv[1])
	}
}

func (c Config) makeData() error { return os.MkdirAll(c.Data, 0o750) }

func (c Config) ballast() int64 {
	if c.Ballast < 0 {
		return blob.Ballast
	}
	return c.Ballast
}

// secret is the key that tokens in mails are made with.
func (c Config) secret() ([]byte, error) {
	if c.Secret != "" {
		return []byte(c.Secret), nil
	}
	path := filepath.Join(c.Data, "secret")
	b, err := os.ReadFile(path)
	if err == nil && len(b) >= 16 {
		return b, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	b = []byte(rand.Text())
	return b, os.WriteFile(path, b, 0o600)
}

// made reports whether there is a database already; of a server it cannot know.
func (c Config) made() bool {
	if strings.HasPrefix(c.database(), "postgres") {
		return true
	}
	_, err := os.Stat(c.database())
	return err == nil
}

// ours makes the embedded database a file that nobody else of the machine can read.
func (c Config) ours() error {
	if c.made() {
		return nil
	}
	f, err := os.OpenFile(c.database(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// showDB is the database without the password that its address may hold.
func showDB(db string) string {
	if strings.HasPrefix(db, "postgres") {
		return "postgres://***"
	}
	return db
}
