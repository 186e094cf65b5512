package wall

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// The ways in which a container's own menu lets a page out.
const (
	ExitMenu = "menu" // an entry that opens the page in the device's browser
	ExitCopy = "copy" // the link can only be copied
	ExitNone = "none" // it is a browser already
)

// Name is what people call a container, and how a page gets out of it.
type Name struct {
	ZH, EN string
	Exit   string
	// Since is about when the app came up: the year is common knowledge, without a source. Zero is long ago or not known.
	Since Moment
	// Form is the form factor in which the app is mostly met.
	Form string
}

// Preset is a stand-in for a container, which the test bar offers: a short word and the user agent that it pretends to be. A preset without a label is not
// shown in the bar.
type Preset struct {
	Preset string `json:"preset"`
	ZH     string `json:"zh,omitempty"`
	EN     string `json:"en,omitempty"`
	// Demo is the frame, phone or desktop, in which the demo's front page shows it; empty for none.
	Demo string `json:"demo,omitempty"`
	UA   string `json:"ua"`
}

// Name returns the container's name; one that no rule knows is called "this app" and lets links be copied only.
func (m *Map) Name(container string) Name {
	if n, ok := m.names[container]; ok {
		return n
	}
	return Name{ZH: "这个应用", EN: "this app", Exit: ExitCopy, Form: Phone}
}

// Presets lists the stand-ins in the order of the data.
func (m *Map) Presets() []Preset { return slices.Clone(m.presets) }

// Preset returns the stand-in of that word.
func (m *Map) Preset(word string) (Preset, bool) {
	i := slices.IndexFunc(m.presets, func(p Preset) bool { return p.Preset == word })
	if i < 0 {
		return Preset{}, false
	}
	return m.presets[i], true
}

type nameLine struct {
	Container string `json:"container"`
	ZH        string `json:"zh"`
	EN        string `json:"en"`
	Exit      string `json:"exit"`
	Since     Moment `json:"since,omitzero"`
	Form      string `json:"form,omitempty"`
}

func (m *Map) loadNames(fsys fs.FS) error {
	err := eachLine(fsys, "names.jsonl", func(l nameLine) error {
		if _, known := m.family[l.Container]; !known {
			return fmt.Errorf("container %q: no rule in containers.jsonl answers that label", l.Container)
		}
		if _, twice := m.names[l.Container]; twice {
			return fmt.Errorf("container %q is named twice: remove one line", l.Container)
		}
		if l.ZH == "" || l.EN == "" {
			return fmt.Errorf("zh, en: name the container in both languages")
		}
		if !slices.Contains([]string{ExitMenu, ExitCopy, ExitNone}, l.Exit) {
			return fmt.Errorf("exit %q: use menu, copy or none", l.Exit)
		}
		if !slices.Contains([]string{"", Phone, Tablet, Desktop}, l.Form) {
			return fmt.Errorf("form %q: use tablet or desktop, or leave it out for phone", l.Form)
		}
		m.names[l.Container] = Name{ZH: l.ZH, EN: l.EN, Exit: l.Exit, Since: l.Since, Form: cmp.Or(l.Form, Phone)}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range m.Containers() {
		if _, named := m.names[c]; !named {
			return fmt.Errorf("names.jsonl: container %q has no line: name it in both languages", c)
		}
	}
	return nil
}

func (m *Map) loadPresets(fsys fs.FS) error {
	return eachLine(fsys, "presets.jsonl", func(p Preset) error {
		if !isCode(p.Preset) {
			return fmt.Errorf("preset %q: use lower-case letters, digits and hyphens", p.Preset)
		}
		if _, twice := m.Preset(p.Preset); twice {
			return fmt.Errorf("preset %q is written twice: remove one line", p.Preset)
		}
		if p.UA == "" || (p.ZH == "") != (p.EN == "") {
			return fmt.Errorf("ua, zh, en: write the user agent, and the label in both languages or in none")
		}
		if !slices.Contains([]string{"", Phone, Desktop}, p.Demo) || p.Demo != "" && p.ZH == "" {
			return fmt.Errorf("demo %q: use phone or desktop with a label, or leave it out", p.Demo)
		}
		m.presets = append(m.presets, p)
		return nil
	})
}
