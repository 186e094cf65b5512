package wall

// Seen is what a user agent tells about the buyer's place.
type Seen struct {
	// Container is the app's label, such as wechat, alipay, douyin-miniprogram or browser-safari; app-other, browser-other and unknown are the fallbacks.
	Container string `json:"container"`
	// OS is ios, ipados, android, harmonyos, windows, macos, linux, chromeos, desktop-simulator (a developer tool) or unknown.
	OS string `json:"os"`
	// Form is phone, tablet or desktop.
	Form string `json:"form"`
}

// The form factors.
const (
	Phone   = "phone"
	Tablet  = "tablet"
	Desktop = "desktop"
)

// rule is one compiled line: it holds when every token of all, at least one of any (when there are any) and none of none were found.
type rule struct {
	label          string
	all, any, none bits
	hasAny         bool
}

func (r *rule) holds(got *bits) bool {
	return got.containsAll(&r.all) && (!r.hasAny || got.intersects(&r.any)) && !got.intersects(&r.none)
}

// first returns the label of the first rule that holds. Load made sure that the last rule of each list always does.
func first(rules []rule, got *bits) string {
	for i := range rules {
		if rules[i].holds(got) {
			return rules[i].label
		}
	}
	return ""
}

// Detect names container, operating system and form factor. It looks at the first 2048 bytes, ignores the case of ASCII letters, and allocates nothing.
func (m *Map) Detect(ua string) Seen {
	got := m.matcher.scan(ua)
	return Seen{Container: first(m.containers, &got), OS: first(m.systems, &got), Form: first(m.forms, &got)}
}

// Family returns the family of a container, which the reachability table falls back to; "" for a container no rule names.
func (m *Map) Family(container string) string { return m.family[container] }

// Containers lists every container label that the rules can answer, in the order of the rules and each once.
func (m *Map) Containers() []string {
	var labels []string
	seen := map[string]bool{}
	for i := range m.containers {
		if l := m.containers[i].label; !seen[l] {
			seen[l] = true
			labels = append(labels, l)
		}
	}
	return labels
}
