package wire

import (
	"fmt"
	"strconv"
	"time"
)

// Beijing is the zone of every time in this protocol; it has had no summer time since 1991.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

const (
	layout      = "2006-01-02 15:04:05"
	layoutMilli = "2006-01-02 15:04:05.000" // gmt_refund in notifications
	layoutShort = "2006-01-02 15:04"        // also seen in time_expire
)

// FormatTime writes a time as yyyy-MM-dd HH:mm:ss in Beijing.
func FormatTime(t time.Time) string { return t.In(Beijing).Format(layout) }

// FormatTimeMilli writes a time as yyyy-MM-dd HH:mm:ss.SSS in Beijing.
func FormatTimeMilli(t time.Time) string { return t.In(Beijing).Format(layoutMilli) }

// ParseTime reads a Beijing time, with or without seconds or milliseconds. It returns ErrMalformed, wrapped.
func ParseTime(s string) (time.Time, error) {
	for _, l := range []string{layout, layoutMilli, layoutShort} {
		if len(s) == len(l) {
			if t, err := time.ParseInLocation(l, s, Beijing); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%w: time %.32q: write yyyy-MM-dd HH:mm:ss in Beijing time", ErrMalformed, s)
}

// ParseTimeout reads timeout_express (1m to 15d in minutes, hours or days, or 1c for the end of the day in Beijing) and returns the moment it means from now.
func ParseTimeout(s string, now time.Time) (time.Time, error) {
	bad := fmt.Errorf("%w: timeout_express %.16q: use 1m to 15d, such as 90m, or 1c", ErrMalformed, s)
	if s == "1c" {
		y, m, d := now.In(Beijing).Date()
		return time.Date(y, m, d+1, 0, 0, 0, 0, Beijing), nil
	}
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[lastByte(s)]
	if !ok || !digits(s[:len(s)-1], 1, 5) {
		return time.Time{}, bad
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if d := time.Duration(n) * unit; err == nil && d >= time.Minute && d <= 15*24*time.Hour {
		return now.Add(d), nil
	}
	return time.Time{}, bad
}

func lastByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}
