package wall

import (
	"fmt"
	"io/fs"
	"strings"
)

// appOther and the like are the labels of the general rules, which a header may sharpen.
const (
	appOther       = "app-other"
	familyBrowser  = "browser"
	familyUnknown  = "unknown"
	webViewBrand   = `"Android WebView"` // the brand list of Chromium's web-view
	ajaxMark       = "xmlhttprequest"    // scripts send this in X-Requested-With; it names no app
	platformHeader = "Sec-CH-UA-Platform"
	mobileHeader   = "Sec-CH-UA-Mobile"
	brandHeader    = "Sec-CH-UA"
	packageHeader  = "X-Requested-With"
)

type packageLine struct {
	Package   string `json:"package"`
	Container string `json:"container"`
	Evidence  string `json:"evidence"`
	Source    string `json:"source,omitempty"`
}

func (m *Map) loadPackages(fsys fs.FS) error {
	return eachLine(fsys, "packages.jsonl", func(l packageLine) error {
		if l.Package != strings.ToLower(l.Package) || !strings.Contains(l.Package, ".") {
			return fmt.Errorf("package %q: write an Android package in lower case", l.Package)
		}
		if _, twice := m.packages[l.Package]; twice {
			return fmt.Errorf("package %q is written twice: remove one line", l.Package)
		}
		if _, known := m.family[l.Container]; !known {
			return fmt.Errorf("container %q: no rule in containers.jsonl answers that label", l.Container)
		}
		if l.Evidence != EvidencePractice && (l.Evidence != EvidenceOnce && l.Evidence != EvidenceTwice || l.Source == "") {
			return fmt.Errorf("evidence %q: use practice, or attested_once or attested_twice with a source", l.Evidence)
		}
		m.packages[l.Package] = l.Container
		return nil
	})
}

// DetectRequest is Detect with what other headers of the request add. The user agent goes first: when it names an app, no header overrules it. When it names
// none, X-Requested-With does, in which Android web-views have sent their app's package; a package that no line knows means some app. Chromium's Client Hints
// give the operating system and the form where the user agent is frozen or silent. header returns a header's first value, "" when it is missing.
func (m *Map) DetectRequest(ua string, header func(name string) string) Seen {
	seen := m.Detect(ua)
	if header == nil {
		return seen
	}
	if m.general(seen.Container) {
		if named := m.byPackage(header(packageHeader)); named != "" {
			seen.Container = named
		} else if m.Family(seen.Container) == familyBrowser && strings.Contains(header(brandHeader), webViewBrand) {
			seen.Container = appOther
		}
	}
	return hinted(seen, header(platformHeader), header(mobileHeader))
}

// general says that a container is a fallback: an unnamed app, a browser, or nothing at all.
func (m *Map) general(container string) bool {
	if container == appOther {
		return true
	}
	family := m.family[container]
	return family == familyBrowser || family == familyUnknown
}

// byPackage names the container of an Android package, "" when the header holds none.
func (m *Map) byPackage(value string) string {
	value = strings.TrimSpace(value)
	if len(value) > 128 || !strings.Contains(value, ".") || strings.ContainsAny(value, " /;,") {
		return ""
	}
	value = strings.ToLower(value)
	if value == ajaxMark {
		return ""
	}
	if container, known := m.packages[value]; known {
		return container
	}
	return appOther
}

// platforms are the values of Sec-CH-UA-Platform (W3C draft "User-Agent Client Hints", section 3.7).
var platforms = map[string]string{
	"Android": "android", "iOS": "ios", "Windows": "windows", "macOS": "macos", "Linux": "linux", "Chrome OS": "chromeos", "Chromium OS": "chromeos",
}

// hinted fills in what the hints know better. A user agent that names HarmonyOS or a developer tool is believed: their hints imitate others.
func hinted(seen Seen, platform, mobile string) Seen {
	os := platforms[strings.Trim(strings.TrimSpace(platform), `"`)]
	if os == "" || seen.OS == "harmonyos" || seen.OS == "desktop-simulator" {
		return seen
	}
	if seen.OS == "unknown" || seen.OS == "linux" {
		seen.OS = os
	}
	if seen.OS != os {
		return seen // the two contradict each other: the user agent stands
	}
	switch {
	case strings.TrimSpace(mobile) == "?1":
		seen.Form = Phone
	case strings.TrimSpace(mobile) == "?0" && os == "android" && seen.Form == Desktop:
		seen.Form = Tablet // an Android that asks for the desktop page
	}
	return seen
}
