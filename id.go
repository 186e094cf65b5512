package postern

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// Prefixes of ids. An id is a prefix and the 26 characters of a UUIDv7 in lower-case base32, which sorts by creation time under any collation.
const (
	PrefixMerchant      = "mer_"
	PrefixPartner       = "ptn_"
	PrefixPayment       = "pay_"
	PrefixAttempt       = "att_"
	PrefixReceipt       = "rcp_"
	PrefixSurplus       = "sur_"
	PrefixRefund        = "ref_"
	PrefixChannel       = "chn_"
	PrefixCredentialSet = "crs_"
	PrefixGeneration    = "gen_"
	PrefixEvent         = "evt_"
	PrefixEndpoint      = "ep_"
	PrefixDelivery      = "dlv_"
	PrefixTransaction   = "txn_"
	PrefixNotification  = "ntf_"
	PrefixKey           = "key_"
	PrefixClosure       = "clo_"
	PrefixHealth        = "hst_"
	PrefixFleetMove     = "flt_"
	PrefixLink          = "lnk_"
	PrefixShare         = "shr_"
	PrefixReceiver      = "rcv_"
	PrefixItem          = "itm_"
	PrefixVariant       = "var_"
	PrefixPicture       = "pic_"
	PrefixOrder         = "ord_"
	PrefixStaff         = "stf_"
	PrefixAudit         = "aud_"
	PrefixFacade        = "fac_"
	PrefixFacadeKey     = "fky_"
	PrefixFacadeNotice  = "fnt_"
)

// DerivedID is an id that is a function of a moment and of what it stands for, so that whoever makes it again makes the same: the ten characters of time that NewID
// would write, and 80 bits of a hash.
func DerivedID(prefix string, at time.Time, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	var b [16]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(b[:6], ms[2:])
	copy(b[6:], sum[:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return prefix + encode32(b[:])
}

// Platform owns the rows that belong to no merchant.
const Platform = "platform"

// idAlphabet leaves out i, l, o and u, and is in ascending ASCII order so that ids sort like their numbers.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const idLength = 26

// NewID mints an id: a UUIDv7 of now, in milliseconds and in the 12 bits behind them the fraction (RFC 9562, 6.2, method 3), so that what one process mints a
// quarter of a microsecond apart sorts by time, and 62 random bits. It panics when the random source fails, because an id must never repeat.
func NewID(prefix string, now time.Time, random io.Reader) string {
	var b [16]byte
	mustRead(random, b[:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	fraction := now.Nanosecond() % int(time.Millisecond) * 4096 / int(time.Millisecond)
	b[6], b[7] = byte(fraction>>8)|0x70, byte(fraction)
	b[8] = b[8]&0x3f | 0x80
	return prefix + encode32(b[:])
}

// FirstID is the least id of a moment: what was minted before sorts before it. Every id sorts after the one of 1970 or earlier.
func FirstID(prefix string, at time.Time) string {
	if at.UnixMilli() <= 0 {
		return prefix
	}
	return NewID(prefix, at, zeros{})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// NewToken returns 26 characters with 128 random bits and no time in them, for what buyers see.
func NewToken(random io.Reader) string {
	var b [16]byte
	mustRead(random, b[:])
	return encode32(b[:])
}

// NewNumber mints a provider order or refund number: 32 characters 0-9a-z, Beijing time to the second and 18 random characters (90 bits). That is legal at
// all five providers and cannot be minted twice, not even after a restore of an old backup.
func NewNumber(now time.Time, random io.Reader) string {
	var b [18]byte
	mustRead(random, b[:])
	var s strings.Builder
	s.WriteString(now.In(Beijing).Format("20060102150405"))
	for _, x := range b {
		s.WriteByte(idAlphabet[x&31])
	}
	return s.String()
}

// Beijing is the zone of every provider time. It is a fixed zone, so that a machine without time zone data reads the same bills.
var Beijing = time.FixedZone("+08:00", 8*3600)

// CallbackID packs a merchant and an attempt into the opaque part of a notification address: 52 characters, [0-9a-z] only.
func CallbackID(merchantID, attemptID string) string {
	return strings.TrimPrefix(merchantID, PrefixMerchant) + strings.TrimPrefix(attemptID, PrefixAttempt)
}

// SplitCallbackID is the reverse of CallbackID. It says false for anything that CallbackID cannot have made.
func SplitCallbackID(id string) (merchantID, attemptID string, ok bool) {
	if len(id) != 2*idLength || strings.Trim(id, idAlphabet) != "" {
		return "", "", false
	}
	return PrefixMerchant + id[:idLength], PrefixAttempt + id[idLength:], true
}

// AccountID packs an account and its owner into the opaque part of the address at which its provider tells about it: 53 characters, [0-9a-z] only.
func AccountID(ownerID, credentialSetID string) string {
	kind, rest := "m", strings.TrimPrefix(ownerID, PrefixMerchant)
	if partner, found := strings.CutPrefix(ownerID, PrefixPartner); found {
		kind, rest = "p", partner
	}
	return kind + rest + strings.TrimPrefix(credentialSetID, PrefixCredentialSet)
}

// SplitAccountID is the reverse of AccountID. It says false for anything that AccountID cannot have made.
func SplitAccountID(id string) (ownerID, credentialSetID string, ok bool) {
	if len(id) != 1+2*idLength || strings.Trim(id[1:], idAlphabet) != "" || id[0] != 'm' && id[0] != 'p' {
		return "", "", false
	}
	owner := PrefixMerchant
	if id[0] == 'p' {
		owner = PrefixPartner
	}
	return owner + id[1:1+idLength], PrefixCredentialSet + id[1+idLength:], true
}

// CheckID says whether s is a well-formed id of this prefix.
func CheckID(prefix, s string) bool {
	rest, found := strings.CutPrefix(s, prefix)
	return found && len(rest) == idLength && strings.Trim(rest, idAlphabet) == ""
}

// encode32 writes 16 bytes as 26 base32 digits, most significant first.
func encode32(b []byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [idLength]byte
	for i := idLength - 1; i >= 0; i-- {
		out[i] = idAlphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

func mustRead(random io.Reader, b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		panic(fmt.Sprintf("postern: the random source failed: %v", err))
	}
}
