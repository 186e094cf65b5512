package provider

import (
	"crypto"
	"crypto/md5"  //nolint:gosec // what somebody signed with is to be told, not chosen
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
)

// sumOf hashes a text with what a signature says that it was hashed with.
func sumOf(h crypto.Hash, text []byte) []byte {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256(text)
		return d[:]
	case crypto.SHA1:
		d := sha1.Sum(text) //nolint:gosec // see the import
		return d[:]
	case crypto.MD5:
		d := md5.Sum(text) //nolint:gosec // see the import
		return d[:]
	case crypto.SHA384:
		d := sha512.Sum384(text)
		return d[:]
	case crypto.SHA512:
		d := sha512.Sum512(text)
		return d[:]
	}
	return nil
}
