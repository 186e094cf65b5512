package engine

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"postern"
)

// What a password costs: memory in KiB, passes and threads, as OWASP says of argon2id. A stored text names its own, so that raising them makes old ones be hashed
// anew when they are next used.
const (
	hashMemory  = 19 << 10
	hashPasses  = 2
	hashThreads = 1
	hashSalt    = 16
	hashSize    = 32
)

// Bounds of a password: characters at least, bytes at most, and characters that differ.
const (
	leastPassword = 10
	mostPassword  = 200
	leastVariety  = 5
)

// hashing lets two passwords be hashed at once in this process, so that a flood of sign-ins costs time and not memory.
var hashing = make(chan struct{}, 2)

// hashPatience is how long a sign-in waits for its turn.
const hashPatience = 5 * time.Second

// costly runs an argon2 computation when it is its turn, or answers postern.CodeRateLimited.
func costly(ctx context.Context, work func()) error {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		work()
		return nil
	case <-ctx.Done():
		return &postern.Error{Code: postern.CodeRateLimited, Op: "engine.costly", Message: "too many people are signing in", Fix: "wait a few seconds"}
	}
}

// hashPassword makes the PHC text that is stored.
func (e *Engine) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, hashSalt)
	if _, err := io.ReadFull(e.Env.Rand, salt); err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.hashPassword", err)
	}
	var sum []byte
	err := costly(ctx, func() { sum = argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashSize) })
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads, b64.EncodeToString(salt), b64.EncodeToString(sum)), err
}

// phc is a stored password, read.
type phc struct {
	memory, passes uint32
	threads        uint8
	salt, sum      []byte
}

// parsePHC reads a stored text. What it says of memory and passes is bounded: a damaged row must not stop the switch.
func parsePHC(text string) (phc, bool) {
	var p phc
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); n != 3 || err != nil {
		return p, false
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, false
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, false
	}
	ok := p.memory >= 8 && p.memory <= 256<<10 && p.passes >= 1 && p.passes <= 16 && p.threads >= 1 && p.threads <= 8 && len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.sum) == hashSize
	return p, ok
}

// current says whether a stored password was made with today's parameters.
func (p phc) current() bool {
	return p.memory == hashMemory && p.passes == hashPasses && p.threads == hashThreads
}

// matchPassword compares a password with a stored text. Without one, or with one that is damaged, it does the same work and says no.
func matchPassword(ctx context.Context, stored, password string) (match, current bool, err error) {
	p, ok := parsePHC(stored)
	if !ok {
		p = phc{memory: hashMemory, passes: hashPasses, threads: hashThreads, salt: make([]byte, hashSalt), sum: make([]byte, hashSize)}
	}
	err = costly(ctx, func() {
		sum := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.threads, hashSize)
		match = subtle.ConstantTimeCompare(sum, p.sum) == 1 && ok
	})
	return match, p.current(), err
}

// common are the passwords of ten and more characters that are guessed first, lower case.
var common = strings.Fields(`1234567890 0123456789 0987654321 9876543210 123456789a a123456789 123456789q q123456789 1234567891 12345678910 1234567899 123123123123
1q2w3e4r5t 1qaz2wsx3edc 1qaz2wsx3e q1w2e3r4t5 qwertyuiop qwertyuiop123 qwerty12345 qwerty123456 qwe123456789 asdfghjkl1 asdfghjkl123 zxcvbnm123 zaq12wsxcde3 abc1234567
abc123456789 abcd123456 abcd12345678 abcdefghij aa123456789 aa12345678 a1234567890 password12 password123 password1234 passw0rd123 p@ssw0rd123 p@ssword123 admin12345 admin123456
administrator iloveyou123 letmein123 welcome123 woaini1314 woaini1314520 woaini520 woaini5201314 5201314520 1314520520 5201314woaini wang123456 zhang123456 li123456789 chen123456
q123456789 qq123456789 asd123456789 woaiwojia1 postern1234 postern12345 dongbianmen iloveyou520 changeme123 football123 sunshine123 princess123 dragon12345`)

// checkPassword refuses a password that is short, the person's own login, or among those that are guessed first.
func checkPassword(login, password string) error {
	refused := func(message, fix string) error { return postern.Invalid("password", postern.CodeInvalid, message, fix) }
	low := strings.ToLower(password)
	variety := map[rune]bool{}
	for _, r := range low {
		variety[r] = true
	}
	switch {
	case !utf8.ValidString(password) || len(password) > mostPassword:
		return refused("the password is too long or not UTF-8", "use at most 200 bytes")
	case utf8.RuneCountInString(password) < leastPassword:
		return refused("the password is too short", "use at least 10 characters")
	case strings.ReplaceAll(low, login, "") == "" || len(variety) < leastVariety:
		return refused("the password is easy to guess", "use several words, or more kinds of characters")
	}
	for _, c := range common {
		if low == c {
			return refused("the password is one of those that are guessed first", "use several words that belong together for you only")
		}
	}
	return nil
}
