package vault

import (
	"fmt"
	"log/slog"
)

const mask = "[redacted]"

// redacted is embedded in everything that holds key bytes: whatever fmt verb, encoder or logger meets it prints the mask.
type redacted struct{}

func (redacted) Format(s fmt.State, _ rune)   { _, _ = s.Write([]byte(mask)) }
func (redacted) String() string               { return mask }
func (redacted) GoString() string             { return mask }
func (redacted) LogValue() slog.Value         { return slog.StringValue(mask) }
func (redacted) MarshalText() ([]byte, error) { return []byte(mask), nil }
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }
