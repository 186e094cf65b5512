package wall

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// The places inside a host app in which a link can stand.
const (
	SceneChat    = "chat"    // between two people
	SceneGroup   = "group"   // in a group chat
	SceneMoments = "moments" // in a public feed of friends
	SceneLive    = "live"    // in a live room
	SceneVideo   = "video"   // under a short video
	SceneAd      = "ad"      // in a paid placement
)

// TargetAny stands for every target that has no line of its own in a container.
const TargetAny = "any"

// Target is a platform to which a seller's link may lead, with the host names it answers under.
type Target struct {
	Target string   `json:"target"`
	ZH     string   `json:"zh"`
	EN     string   `json:"en"`
	Hosts  []string `json:"hosts,omitempty"`
}

// Link says whether a link to a target opens in a container, since when and until when, who closed it, and how we know.
type Link struct {
	Target    string `json:"target"`
	Container string `json:"container"`
	// Scene is where in the container the link stands, "" for anywhere.
	Scene  string `json:"scene,omitempty"`
	State  string `json:"state"`
	WayOut string `json:"way_out,omitempty"`
	Span
	Dates    string `json:"dates,omitempty"`
	ClosedBy string `json:"closed_by,omitempty"`
	Who      string `json:"who,omitempty"`
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
	Source   string `json:"source,omitempty"`
	Event    string `json:"event,omitempty"`
	Overlay  bool   `json:"overlay,omitempty"`
}

type linkKey struct{ target, container, scene string }

func (l Link) key() linkKey { return linkKey{l.Target, l.Container, l.Scene} }

func (k linkKey) String() string {
	s := "a link to " + k.target + " in " + k.container
	if k.scene != "" {
		s += " (" + k.scene + ")"
	}
	return s
}

type linkLine struct {
	Target    string `json:"target"`
	Container string `json:"container"`
	Scene     string `json:"scene,omitempty"`
	State     string `json:"state"`
	WayOut    string `json:"way_out,omitempty"`
	factLine
}

func (m *Map) loadTargets(fsys fs.FS) error {
	return eachLine(fsys, "targets.jsonl", func(t Target) error {
		if !isCode(t.Target) {
			return fmt.Errorf("target %q: use lower-case letters, digits and hyphens", t.Target)
		}
		if m.targetOf(t.Target) != nil {
			return fmt.Errorf("target %q is written twice: remove one line", t.Target)
		}
		if t.ZH == "" || t.EN == "" {
			return fmt.Errorf("zh, en: name the target in both languages")
		}
		for _, h := range t.Hosts {
			if h == "" || h != strings.ToLower(h) || strings.ContainsAny(h, "/: ") {
				return fmt.Errorf("hosts %q: write a bare host name in lower case", h)
			}
			if was, taken := m.TargetOf(h); taken {
				return fmt.Errorf("hosts %q: target %q answers there already", h, was.Target)
			}
		}
		m.targets = append(m.targets, t)
		return nil
	})
}

func (m *Map) targetOf(code string) *Target {
	i := slices.IndexFunc(m.targets, func(t Target) bool { return t.Target == code })
	if i < 0 {
		return nil
	}
	return &m.targets[i]
}

// TargetOf finds the target to which a host name, or one above it, belongs.
func (m *Map) TargetOf(host string) (Target, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, t := range m.targets {
		for _, h := range t.Hosts {
			if host == h || strings.HasSuffix(host, h) && host[len(host)-len(h)-1] == '.' {
				return t, true
			}
		}
	}
	return Target{}, false
}

// Targets lists the targets in the order of the data.
func (m *Map) Targets() []Target { return slices.Clone(m.targets) }

// Links returns every link line with its whole history, in the order of the data.
func (m *Map) Links() []Link { return slices.Clone(m.links) }

func (m *Map) loadLinks(fsys fs.FS) error {
	return eachLine(fsys, "links.jsonl", func(line linkLine) error {
		l, odd, err := m.parseLink(line)
		if err != nil {
			return err
		}
		if len(odd) > 0 {
			return fmt.Errorf("%s", odd[0])
		}
		for _, o := range m.links {
			if o.key() == l.key() && o.overlaps(l.Span) {
				return fmt.Errorf("%s from %q to %q overlaps the line from %q to %q above: a link has one state at a time", l.key(), l.From, l.Until, o.From, o.Until)
			}
		}
		m.links = append(m.links, l)
		return nil
	})
}

// parseLink checks a line; what is odd is a code that the map does not know.
func (m *Map) parseLink(line linkLine) (l Link, odd []string, err error) {
	for _, f := range [][2]string{{"target", line.Target}, {"container", line.Container}} {
		if !isCode(f[1]) {
			return l, nil, fmt.Errorf("%s %q: use lower-case letters, digits and hyphens", f[0], f[1])
		}
	}
	if line.Target != TargetAny && m.targetOf(line.Target) == nil {
		odd = append(odd, fmt.Sprintf("target %q is not in targets.jsonl", line.Target))
	}
	if _, known := m.family[line.Container]; !known {
		odd = append(odd, fmt.Sprintf("container %q: no rule in containers.jsonl answers that label", line.Container))
	}
	if !slices.Contains([]string{"", SceneChat, SceneGroup, SceneMoments, SceneLive, SceneVideo, SceneAd}, line.Scene) {
		return l, nil, fmt.Errorf("scene %q: use chat, group, moments, live, video or ad, or leave it out for anywhere", line.Scene)
	}
	if err := checkState(line.State, line.WayOut, ""); err != nil {
		return l, nil, err
	}
	l = Link{Target: line.Target, Container: line.Container, Scene: line.Scene, State: line.State, WayOut: line.WayOut, Dates: line.Dates,
		ClosedBy: line.ClosedBy, Who: line.Who, Evidence: line.Evidence, Note: line.Note, Source: line.Source, Event: line.Event}
	l.Span, err = m.checkFact(line.factLine, line.State == StateWorks)
	return l, odd, err
}

// LinkAt says whether a link to a target opens in a scene of a container at a moment. It looks for the target's line of that scene, then of any scene, then for
// those of TargetAny. Without a line the answer is StateUnknown with EvidenceUnknown.
func (m *Map) LinkAt(target, container, scene string, at time.Time) Link {
	return m.link(target, container, scene, MomentOf(at))
}

func (m *Map) link(target, container, scene string, at Moment) Link {
	for _, k := range []linkKey{{target, container, scene}, {target, container, ""}, {TargetAny, container, scene}, {TargetAny, container, ""}} {
		for i := range m.links {
			if m.links[i].key() == k && m.links[i].Holds(at) {
				return m.links[i]
			}
		}
	}
	return Link{Target: target, Container: container, Scene: scene, State: StateUnknown, Evidence: EvidenceUnknown}
}
