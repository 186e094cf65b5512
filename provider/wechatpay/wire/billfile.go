package wire

import (
	"crypto/sha1" //nolint:gosec // WeChat gives the SHA-1 of its bills, in an answer that it signs
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// ParseBillAnswer reads where a bill is: the request target, and the SHA-1 of the unpacked file in hex.
func ParseBillAnswer(raw []byte) (target, digest string, err error) {
	var a BillAnswer
	if err := Decode(raw, &a); err != nil {
		return "", "", err
	}
	u, err := url.Parse(a.DownloadURL)
	if err != nil || !strings.HasPrefix(u.RequestURI(), PathBillFile+"?") || !strings.EqualFold(a.HashType, "SHA1") || len(a.HashValue) != 2*sha1.Size {
		return "", "", fmt.Errorf("%w: no download address below %s with a SHA-1", ErrJSON, PathBillFile)
	}
	return u.RequestURI(), a.HashValue, nil
}

// CopyBill writes a bill as it comes, packed or not, and compares the SHA-1 of what it unpacks to. Neither may be longer than limit.
func CopyBill(w io.Writer, status int, r io.Reader, limit int64, digest string) (size int64, err error) {
	if status != http.StatusOK {
		return 0, fmt.Errorf("wechatpay: the file's address answers HTTP %d", status)
	}
	count := &counted{w: w}
	raw := io.TeeReader(io.LimitReader(r, limit), count)
	plain, err := OpenBill(raw)
	if err != nil {
		return count.n, err
	}
	sum := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(sum, io.LimitReader(plain, limit+1))
	if err == nil {
		_, err = io.Copy(io.Discard, raw)
	}
	got := hex.EncodeToString(sum.Sum(nil))
	switch {
	case err != nil:
		return count.n, fmt.Errorf("wechatpay: the file broke off: %w", err)
	case n > limit || count.n >= limit:
		return count.n, fmt.Errorf("wechatpay: the file is longer than %d bytes", limit)
	case !strings.EqualFold(got, digest):
		return count.n, fmt.Errorf("wechatpay: the file's SHA-1 is %s, WeChat signed %s", got, digest)
	}
	return count.n, nil
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
