// Command count reads `go test -json` and prints what failed or was skipped and, last, one line that counts it all. It exits 1 when a test or a build failed,
// or when no test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// event is one line of `go test -json` (cmd/test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

func main() {
	passed, failed, skipped := 0, 0, 0
	said := map[string][]string{}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "output" || e.Action == "build-output":
			said[key] = append(said[key], e.Output)
			continue
		case e.Action == "fail" && e.Test == "" || e.Action == "build-fail":
			fmt.Printf("FAIL %s\n%s", e.Package, strings.Join(said[key], ""))
			failed++
		case e.Action == "fail":
			fmt.Printf("--- FAIL %s\n%s", key, strings.Join(said[key], ""))
			failed++
		case e.Action == "skip" && e.Test != "":
			fmt.Printf("--- SKIP %s\n%s", key, strings.Join(said[key], ""))
			skipped++
		case e.Action == "pass" && e.Test != "":
			passed++
		case e.Action == "pass":
			fmt.Printf("ok   %s %.1fs\n", e.Package, e.Elapsed)
		}
		delete(said, key)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || passed == 0 || in.Err() != nil {
		os.Exit(1)
	}
}
