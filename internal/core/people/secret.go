package people

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/linli-town/linli/internal/base/fail"
)

// token is 256 random bits for a cookie or a link.
func token() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashed is how a token is kept: looked up by its hash, there is no comparison to time.
func hashed(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// digits is a one-time code of six.
func digits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // the system has no randomness; nothing may go on
	}
	return fmt.Sprintf("%06d", n)
}

// typed is a code as people type it: full-width digits, spaces and dashes between.
func typed(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(strings.TrimSpace(s))))
}

// seal hides an address so that only the holder of the ticket can read it.
func seal(ticket, address string) (string, error) {
	g, err := sealer(ticket)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, g.NonceSize())
	rand.Read(nonce)
	return base64.RawStdEncoding.EncodeToString(g.Seal(nonce, nonce, []byte(address), nil)), nil
}

func unseal(ticket, sealed string) (string, error) {
	g, err := sealer(ticket)
	if err != nil {
		return "", err
	}
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) < g.NonceSize() {
		return "", errors.New("people: a sealed address is damaged")
	}
	b, err = g.Open(nil, b[:g.NonceSize()], b[g.NonceSize():], nil)
	return string(b), err
}

func sealer(ticket string) (cipher.AEAD, error) {
	k := sha256.Sum256([]byte("seal\x00" + ticket))
	c, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(c)
}

// The RFC 6238 defaults, which is what every authenticator app reads.
const totpStep = 30

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

func totpSecret() string {
	b := make([]byte, 20)
	rand.Read(b)
	return b32.EncodeToString(b)
}

// totp is the code of a secret at a step, RFC 4226 §5.3.
func totp(secret string, step int64) (string, error) {
	k, err := b32.DecodeString(secret)
	if err != nil {
		return "", err
	}
	m := hmac.New(sha1.New, k)
	binary.Write(m, binary.BigEndian, step)
	h := m.Sum(nil)
	at := h[len(h)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(h[at:])&0x7fffffff%1_000_000), nil
}

// matches is the step whose code it is, one before to one after now; 0 for none.
func matches(secret, code string, now time.Time) (int64, error) {
	at := now.Unix() / totpStep
	found := int64(0)
	for _, s := range []int64{at - 1, at, at + 1} {
		c, err := totp(secret, s)
		if err != nil {
			return 0, err
		}
		if same(c, code) {
			found = s
		}
	}
	return found, nil
}

// TOTPLink is what the QR code for an authenticator app says.
func TOTPLink(site, account, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {site}}
	return "otpauth://totp/" + url.PathEscape(site+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// recoveryCodes are ten codes of 80 bits, shown once.
func recoveryCodes() []string {
	out := make([]string, 10)
	for i := range out {
		b := make([]byte, 10)
		rand.Read(b)
		s := b32.EncodeToString(b)
		out[i] = s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
	}
	return out
}

// The parameters of argon2id: OWASP's, 24 ms on the machine they were chosen on.
const (
	argonTime   = 2
	argonMemory = 19 * 1024 // KiB
	passMost    = 256       // bytes
	passLeast   = 12        // characters
)

// cores lets no more passwords be hashed at once than there are cores: a storm of
// sign-ins would else take the machine's memory and everybody's time.
var cores = make(chan struct{}, runtime.NumCPU())

func (d Desk) hash(ctx context.Context, password string, salt []byte) (string, error) {
	select {
	case cores <- struct{}{}:
		defer func() { <-cores }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if d.OnHash != nil {
		d.OnHash()
	}
	k := argon2.IDKey([]byte(norm.NFKC.String(password)), salt, argonTime, argonMemory, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", argonMemory, argonTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(k)), nil
}

// newHash is how a password is kept.
func (d Desk) newHash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	return d.hash(ctx, password, salt)
}

// fits reports whether it is the password kept. With none kept it takes as long and says no.
func (d Desk) fits(ctx context.Context, password, kept string) (bool, error) {
	salt := make([]byte, 16)
	if parts := strings.Split(kept, "$"); len(parts) == 6 {
		var err error
		if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
			return false, err
		}
	}
	if len(password) > passMost {
		password = ""
	}
	got, err := d.hash(ctx, password, salt)
	return err == nil && same(got, kept), err
}

// CheckPassword says what is wrong with a new password: too short, too long, or one of
// those that are tried first. own are words a stranger would try for this person.
//
// Invalid people.password.short, people.password.long, people.password.common.
func CheckPassword(s string, own ...string) error {
	bad := func(code string, args ...any) error {
		return &fail.Error{Kind: fail.Invalid, Code: code, Field: "password", Args: args}
	}
	s = norm.NFKC.String(s)
	if n := utf8.RuneCountInString(s); n < passLeast {
		return bad("people.password.short", "min", passLeast, "count", n)
	}
	if len(s) > passMost {
		return bad("people.password.long", "max", passMost)
	}
	if surprise(s, own) < 5 {
		return bad("people.password.common")
	}
	return nil
}

// surprise counts the characters of a password that are left when everything is taken
// out that is tried first: common words, the person's own, runs (1234, qwer, aaaa), repeats.
func surprise(s string, own []string) int {
	s = strings.ToLower(s)
	s = strings.NewReplacer("@", "a", "$", "s", "!", "", "_", "", "-", "", " ", "", ".", "", "#", "", "*", "").Replace(s)
	plain := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t").Replace(s)
	least := len(s)
	for _, v := range []string{s, plain} {
		for _, w := range own {
			if w = strings.ToLower(w); len(w) >= 3 {
				v = strings.ReplaceAll(v, w, "\x00")
			}
		}
		for _, w := range commonWords {
			v = strings.ReplaceAll(v, w, "\x00")
		}
		v = years.ReplaceAllString(v, "\x00")
		least = min(least, unexpected([]rune(v)))
	}
	return least
}

// unexpected counts characters that do not follow from the one or two before them.
func unexpected(rs []rune) int {
	n := 0
	seen := map[string]bool{}
	for i, r := range rs {
		if r == 0 {
			continue
		}
		if i > 0 && (rs[i-1] == r || rs[i-1]+1 == r || rs[i-1]-1 == r || strings.Contains(keyRows, string(rs[i-1:i+1]))) {
			continue
		}
		if i > 0 {
			pair := string(rs[i-1 : i+1])
			if seen[pair] {
				continue
			}
			seen[pair] = true
		}
		n++
	}
	return n
}

var years = regexp.MustCompile(`(19|20)\d\d`)

const keyRows = "1234567890 qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz 0987654321 1qaz2wsx3edc4rfv5tgb6yhn7ujm 1q2w3e4r5t6y7u8i9o0p"

// commonWords are what the lists of leaked passwords are made of.
var commonWords = strings.Fields(`password passwort passw0rd passwd pass letmein welcome admin administrator root user login guest test
	iloveyou loveyou love monkey dragon master sunshine princess football baseball superman batman shadow michael jordan charlie
	jennifer thomas hello freedom whatever trustno qazwsx qwerty azerty asdfgh zxcvbn starwars computer internet secret changeme
	default system server summer winter spring autumn january february march april june july august september october november december
	monday friday flower ginger pepper cookie chocolate killer hunter soccer hockey purple orange banana
	woaini woaiwojia woaizhongguo aini mima nihao zhongguo china beijing shanghai jiangsu nantong chongchuan wodemima
	woshi laopo laogong baobei xiaoxiao wangyi taobao alibaba tencent baidu weixin wechat dearbook
	linli linlin jiedao shequ juweihui lishi wangge 邻里 街道 社区 密码 我爱你 中国 南通 管理员
	5201314 520 1314 888888 666666 168168 147258369 147258 159357 123321 112233 121212 987654 654321 123456 abc123 a123456`)
