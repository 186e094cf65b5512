package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // API v2's own choice
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Signature types of API v2. Messages need not name theirs: the length of the signature tells.
const (
	SignMD5  = "MD5"
	SignHMAC = "HMAC-SHA256"
)

// ErrV2 is wrapped when a message of API v2 cannot be believed.
var ErrV2 = errors.New("wechatpay: the message of API v2 is not signed with this key")

// base is the text that is signed, before the key: every field that is not empty but sign, in the order of the names, unknown ones too.
func (f Fields) base() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name != "sign" && f[name] != "" {
			b.WriteString(name + "=" + f[name] + "&")
		}
	}
	return b.String()
}

// SignatureOf computes a signature with the API key, in upper-case hex.
func (f Fields) SignatureOf(kind string, key []byte) string {
	text := append([]byte(f.base()+"key="), key...)
	if kind == SignHMAC {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
	}
	sum := md5.Sum(text) //nolint:gosec // see the import
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// Sign names the signature type and signs.
func (f Fields) Sign(kind string, key []byte) {
	f["sign_type"] = kind
	f["sign"] = f.SignatureOf(kind, key)
}

// Verify checks the signature in constant time. An empty key verifies nothing.
func (f Fields) Verify(key []byte) error {
	kind := SignMD5
	if len(f["sign"]) == 2*sha256.Size {
		kind = SignHMAC
	}
	want := f.SignatureOf(kind, key)
	if len(key) == 0 || subtle.ConstantTimeCompare([]byte(want), []byte(f["sign"])) != 1 {
		return ErrV2
	}
	return nil
}

// reqInfoKey is the key of a refund notification: the MD5 of the API key in lower-case hex, as 32 ASCII bytes.
func reqInfoKey(key []byte) []byte {
	sum := md5.Sum(key) //nolint:gosec // see the import
	return []byte(hex.EncodeToString(sum[:]))
}

// OpenReqInfo decrypts a refund notification: AES-256-ECB with PKCS #7 padding around <root>. ECB keeps blocks apart and authenticates nothing: who has seen such messages can
// put their blocks together anew, so that what it says is a reason to ask and no proof.
func OpenReqInfo(reqInfo string, key []byte) (Fields, error) {
	raw, err := decryptECB(reqInfo, reqInfoKey(key))
	if err != nil {
		return nil, err
	}
	return ParseXML(raw, "root")
}

func decryptECB(text string, key []byte) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	block, err2 := aes.NewCipher(key)
	if err = errors.Join(err, err2); err != nil || len(raw) == 0 || len(raw) > MaxXML || len(raw)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: req_info is not base64 of whole blocks: %w", ErrV2, err)
	}
	for i := 0; i < len(raw); i += aes.BlockSize {
		block.Decrypt(raw[i:], raw[i:])
	}
	pad := int(raw[len(raw)-1])
	if pad < 1 || pad > aes.BlockSize || !bytes.Equal(raw[len(raw)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, fmt.Errorf("%w: req_info does not open", ErrV2)
	}
	return raw[:len(raw)-pad], nil
}

// SealReqInfo encrypts what OpenReqInfo opens.
func SealReqInfo(f Fields, key []byte) (string, error) {
	return encryptECB(f.XML("root"), reqInfoKey(key))
}

func encryptECB(raw, key []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	pad := aes.BlockSize - len(raw)%aes.BlockSize
	raw = append(bytes.Clone(raw), bytes.Repeat([]byte{byte(pad)}, pad)...)
	for i := 0; i < len(raw); i += aes.BlockSize {
		block.Encrypt(raw[i:], raw[i:])
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}
