package providertest

import "testing"

// TestEveryScenarioIsExplained: each column of the matrix says what it tries and, to whoever sees it fail, where its promise is kept.
func TestEveryScenarioIsExplained(t *testing.T) {
	names := map[string]bool{}
	for _, sc := range append(scenarios(), abilities()...) {
		names[sc.name] = true
		if meaning[sc.name] == "" || whereTo[sc.name] == "" {
			t.Errorf("%s: meaning %q, where %q", sc.name, meaning[sc.name], whereTo[sc.name])
		}
	}
	for _, name := range ofTheProduct {
		if !names[name] {
			t.Errorf("%s is no scenario", name)
		}
	}
	for name := range whereTo {
		if !names[name] {
			t.Errorf("%s is no scenario", name)
		}
	}
}
