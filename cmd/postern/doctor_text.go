package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern/provider"
	"postern/web/ui"
)

// report prints a diagnosis for a person.
type report struct {
	w    io.Writer
	lang ui.Lang
}

func (r report) line(zh, en string, args ...any) {
	fmt.Fprintf(r.w, r.lang.Pick(zh, en)+"\n", args...)
}

func (r report) print(p provider.Description, d provider.Diagnosis, built []byte) {
	kinds := map[provider.SpecimenKind][2]string{provider.SpecimenRequest: {"请求", "request"}, provider.SpecimenResponse: {"应答", "response"}, provider.SpecimenNotification: {"通知", "notification"}}
	kind := kinds[d.Kind]
	switch {
	case d.Valid:
		r.line("%s %s：签名正确。", "%s %s: the signature is good.", r.lang.Pick(p.NameZH, p.NameEN), r.lang.Pick(kind[0], kind[1]))
	default:
		r.line("%s %s：签名不符。", "%s %s: the signature does not fit.", r.lang.Pick(p.NameZH, p.NameEN), r.lang.Pick(kind[0], kind[1]))
	}
	r.finding(d.Finding)
	for _, f := range d.Others {
		r.finding(f)
	}
	if len(d.Facts) > 0 {
		r.line("\n消息里写的：", "\nWhat the message says:")
		for _, f := range d.Facts {
			fmt.Fprintf(r.w, "  %s: %s\n", r.lang.Pick(f.ZH, f.EN), f.Value)
		}
	}
	switch {
	case d.Signed != "":
		r.beside(d.Covered, d.Signed, "按规则从这条消息拼出的", "built from this message by the rules", "签名实际对应的", "what was signed")
	case d.Covered != "":
		r.line("\n应有的待签内容：", "\nThe text that the signature is to cover:")
		fmt.Fprintf(r.w, "  %s\n", clipped(d.Covered))
	}
	if d.Yours.Code != "" {
		r.line("\n你的程序拼的待签内容：", "\nThe text that your program built:")
		r.finding(d.Yours)
		if d.Yours.Code != "built_right" {
			r.beside(d.Covered, strings.TrimRight(string(built), "\r\n"), "应有的", "as it should be", "你的", "yours")
		}
	}
	if d.Tried > 1 {
		r.line("\n试过 %d 种内容。", "\n%d texts were tried.", d.Tried)
	}
	if d.Cut {
		r.line("还有更多可能，没有全部试完。", "There are more, which were not tried.")
	}
}

// finding prints one, with the bytes it is about and whether it is proven.
func (r report) finding(f provider.Finding) {
	if f.Code == "" {
		return
	}
	mark := r.lang.Pick("可能", "perhaps")
	if f.Certain {
		mark = r.lang.Pick("确定", "certain")
	}
	fmt.Fprintf(r.w, "  [%s] %s (%s)\n", mark, r.lang.Pick(f.ZH, f.EN), f.Code)
	switch {
	case f.Length > 0:
		r.line("    正文从第 %d 个字节起，共 %d 个字节", "    bytes of the body from %d on, %d of them", f.Offset, f.Length)
	case f.Offset > 0:
		r.line("    正文第 %d 个字节处，少了内容", "    at byte %d of the body, where something is missing", f.Offset)
	}
}

// beside prints two texts one below the other around the first place where they differ, which is marked.
func (r report) beside(a, b, aZH, aEN, bZH, bEN string) {
	at, n := provider.Differ([]byte(a), []byte(b))
	_, m := provider.Differ([]byte(b), []byte(a))
	r.line("\n两段内容从第 %d 个字节起不同：", "\nThe two texts differ from byte %d on:", at)
	fmt.Fprintf(r.w, "  %s\n    %s\n  %s\n    %s\n", r.lang.Pick(aZH, aEN), window(a, at, n), r.lang.Pick(bZH, bEN), window(b, at, m))
}

// How much of a text is shown: of a difference, and on each side of it.
const (
	maxMarked = 200
	around    = 60
	maxShown  = 1500
)

// window shows a text around n bytes at a place, marked, with blanks and line breaks written out.
func window(s string, at, n int) string {
	from, to := whole(s, at-around), whole(s, at+n+around)
	at, end := whole(s, at), whole(s, at+n)
	marked := escaped(s[at:end])
	if end-at > maxMarked {
		marked = escaped(s[at:whole(s, at+maxMarked)]) + "…"
	}
	text := escaped(s[from:at]) + "«" + marked + "»" + escaped(s[end:to])
	if from > 0 {
		text = "…" + text
	}
	if to < len(s) {
		text += "…"
	}
	return text
}

// clipped shows the beginning of a text.
func clipped(s string) string {
	if end := whole(s, maxShown); end < len(s) {
		return escaped(s[:end]) + "…"
	}
	return escaped(s)
}

// whole is the nearest place at or before i, inside the text, where a character begins.
func whole(s string, i int) int {
	i = min(max(i, 0), len(s))
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// escaped writes line breaks and other control characters as Go does, so that a stranger's text cannot move the cursor.
func escaped(s string) string {
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
