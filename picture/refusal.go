package picture

import "bytes"

// Reason says why an upload is not taken; pages have their own words for each.
type Reason string

// Reasons.
const (
	TooLarge      Reason = "too_large"       // more than MaxBytes
	TooManyPixels Reason = "too_many_pixels" // more than 50 megapixels, or more memory than that many take
	HEIC          Reason = "heic"            // an iPhone's own format
	Unknown       Reason = "unknown"         // no picture, or of a kind that is not read
	Broken        Reason = "broken"          // begins as a picture and does not go on as one
)

// Refusal is the error of Make. Err is what a decoder said, nil where none was asked.
type Refusal struct {
	Reason Reason
	Err    error
}

var messages = map[Reason]string{
	TooLarge:      "the picture is larger than 16 MB: send a smaller one",
	TooManyPixels: "the picture has too many pixels: send one of at most 50 megapixels",
	HEIC:          "the picture is HEIC: on an iPhone choose Settings, Camera, Formats, Most Compatible, or send a screenshot of it",
	Unknown:       "this is no picture that can be read: send JPEG, PNG, GIF or WebP",
	Broken:        "the picture is broken: save it anew, or send another",
}

// Error says what is wrong and what to do, in English. It holds nothing of the upload.
func (r *Refusal) Error() string { return messages[r.Reason] }

// Unwrap returns what the decoder said.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(why Reason, err error) error { return &Refusal{Reason: why, Err: err} }

// kindOf names what cannot be decoded by its first bytes. HEIC is a box "ftyp" whose brand says so.
func kindOf(raw []byte) Reason {
	if len(raw) >= 12 && string(raw[4:8]) == "ftyp" {
		switch string(raw[8:12]) {
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
			return HEIC
		}
	}
	if len(raw) >= 12 && string(raw[:4]) == "RIFF" && string(raw[8:12]) == "WEBP" {
		return Broken
	}
	for _, start := range []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF8"} {
		if bytes.HasPrefix(raw, []byte(start)) {
			return Broken
		}
	}
	return Unknown
}
