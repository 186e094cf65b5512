package facade

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// tokenTag is how many bytes of the authentication code a token carries: 128 bits.
const tokenTag = 16

// Token writes facts and their end under an authentication code, for addresses that need no row: whoever has it may read what it names until it ends.
func (g *gateway) Token(facts string, ends time.Time) string {
	text := strconv.FormatInt(ends.Unix(), 10) + "\n" + facts
	return base64.RawURLEncoding.EncodeToString(append(g.tag(text), text...))
}

// OpenToken reads what Token wrote; false for anything else, and after its end.
func (g *gateway) OpenToken(token string, now time.Time) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < tokenTag || !hmac.Equal(raw[:tokenTag], g.tag(string(raw[tokenTag:]))) {
		return "", false
	}
	end, facts, _ := strings.Cut(string(raw[tokenTag:]), "\n")
	seconds, err := strconv.ParseInt(end, 10, 64)
	return facts, err == nil && now.Unix() < seconds
}

func (g *gateway) tag(text string) []byte {
	mac := hmac.New(sha256.New, g.handler.cfg.TokenKey)
	mac.Write([]byte("facade token of " + g.handler.code + "\n" + text))
	return mac.Sum(nil)[:tokenTag]
}
