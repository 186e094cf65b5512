package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"postern"
	"postern/store"
)

// Prefixes of API keys say which mode a key is of.
const (
	prefixLive = "sk_live_"
	prefixTest = "sk_test_"
)

// NewKey mints an API key of 130 random bits with a checksum that secret scanners can verify. The key is shown once; only its hash is stored.
func NewKey(live bool, random io.Reader) (key string, row store.APIKey) {
	prefix := prefixTest
	if live {
		prefix = prefixLive
	}
	key = prefix + postern.NewToken(random)
	key += checksum(key)
	return key, store.APIKey{Prefix: key[:len(prefix)+6], Hash: HashKey(key), Live: live}
}

func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// HashKey is what is stored of a key: SHA-256 in hex. The key itself has enough entropy that a slow hash would gain nothing.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// caller is who sends a request: a key, and the merchant it acts for (empty for a partner's or the operator's own requests).
type caller struct {
	Key      store.APIKey
	Merchant postern.Merchant
}

type contextKey int

const (
	callerKey contextKey = iota
	requestKey
)

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey).(caller)
	return c
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

// readKey takes the key from an Authorization header, and false for what NewKey cannot have made. A typing error costs no look into the database.
func readKey(header string) (key string, ok bool) {
	scheme, key, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(key) > 100 || len(key) < 20 || !strings.HasPrefix(key, prefixLive) && !strings.HasPrefix(key, prefixTest) {
		return "", false
	}
	return key, checksum(key[:len(key)-8]) == key[len(key)-8:]
}

// authenticate finds the key and the merchant. A partner's key acts for one of its merchants through Postern-Merchant; another's merchant does not exist for it.
func (a *API) authenticate(r *http.Request) (caller, error) {
	key, ok := readKey(r.Header.Get("Authorization"))
	if !ok {
		return caller{}, unauthenticated()
	}
	row, err := a.Store.KeyByHash(r.Context(), HashKey(key))
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil || err == nil && !row.RevokedAt.IsZero() {
		return caller{}, unauthenticated()
	}
	if err != nil {
		return caller{}, err
	}
	c := caller{Key: row}
	wanted := r.Header.Get("Postern-Merchant")
	if strings.HasPrefix(row.OwnerID, postern.PrefixMerchant) {
		if wanted != "" && wanted != row.OwnerID {
			return caller{}, noMerchant()
		}
		wanted = row.OwnerID
	}
	if wanted == "" {
		return c, nil
	}
	if !plain(wanted) {
		return caller{}, noMerchant()
	}
	c.Merchant, err = a.Store.Merchant(r.Context(), wanted)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return caller{}, noMerchant()
	}
	if err != nil {
		return caller{}, err
	}
	switch {
	case c.Merchant.ID != row.OwnerID && row.OwnerID != postern.Platform && c.Merchant.PartnerID != row.OwnerID:
		return caller{}, noMerchant()
	case c.Merchant.Live != row.Live:
		return caller{}, &postern.Error{Code: postern.CodeModeMismatch, Op: "api.authenticate", Message: "test keys act for test merchants and live keys for live ones", Fix: "use the key of the merchant's own mode"}
	}
	return c, nil
}

// noMerchant is the answer for a merchant that is not there and for one that is another's.
func noMerchant() error {
	return &postern.Error{Code: postern.CodeNotFound, Op: "api.authenticate", Field: "Postern-Merchant", Message: "there is no such merchant", Fix: "list your merchants at /v1/merchants"}
}

func unauthenticated() error {
	return &postern.Error{Code: postern.CodeUnauthenticated, Op: "api.authenticate", Field: "Authorization", Message: "the API key is missing, unknown or revoked", Fix: "send Authorization: Bearer sk_test_..."}
}

// merchant returns the merchant that a request acts for.
func merchant(ctx context.Context) (postern.Merchant, error) {
	c := callerOf(ctx)
	if c.Merchant.ID == "" {
		return c.Merchant, postern.Invalid("Postern-Merchant", postern.CodeInvalid, "this key may act for several merchants; say which", "send the header Postern-Merchant: mer_...")
	}
	return c.Merchant, nil
}
