package ui

import (
	"net/http"
	"strings"
	"time"
)

// Lang is a language of the pages.
type Lang string

// The languages. Chinese is written first, English is its equal.
const (
	ZH Lang = "zh-CN"
	EN Lang = "en"
)

// ParseLang reads a language tag ("zh", "zh-CN", "en-GB") and says whether it is one of ours.
func ParseLang(tag string) (Lang, bool) {
	primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	switch primary {
	case "zh":
		return ZH, true
	case "en":
		return EN, true
	}
	return "", false
}

// MatchLang chooses the language of a page: the query's lang, else the first of ours in Accept-Language (its order is taken as the preference, as browsers send
// it), else the fallback.
func MatchLang(r *http.Request, fallback Lang) Lang {
	if l, ok := ParseLang(r.URL.Query().Get("lang")); ok {
		return l
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(part, ";")
		if l, ok := ParseLang(tag); ok {
			return l
		}
	}
	return fallback
}

// Other is the language that a switch offers.
func (l Lang) Other() Lang {
	if l == ZH {
		return EN
	}
	return ZH
}

// Name is the language's name in itself.
func (l Lang) Name() string {
	if l == ZH {
		return "中文"
	}
	return "English"
}

// Pick returns the text of the language.
func (l Lang) Pick(zh, en string) string {
	if l == ZH {
		return zh
	}
	return en
}

// FormatTime writes a time to the minute in the given zone, without naming the zone: checkout pages show the merchant's local time.
func FormatTime(t time.Time, zone *time.Location, l Lang) string {
	return t.In(zone).Format(l.Pick("2006年1月2日 15:04", "2 Jan 2006, 15:04"))
}

// FormatTimeZone is FormatTime with seconds and the zone's offset, for the console and the demo.
func FormatTimeZone(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 -07:00")
}
