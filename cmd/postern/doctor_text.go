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
		r.beside(d.Covered, d.Signed, "应有的待签内容", "the text as it should be", "签名实际对应的内容", "the text that was signed")
	case d.Covered != "":
		r.line("\n应有的待签内容：", "\nThe text that the signature is to cover:")
		fmt.Fprintf(r.w, "  %s\n", window(d.Covered, 0, len(d.Covered), 1500))
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
	if f.Offset > 0 || f.Length > 0 {
		r.line("    从第 %d 个字节起，共 %d 个字节", "    from byte %d on, %d bytes", f.Offset, f.Length)
	}
}

// beside prints two texts one below the other around the first place where they differ.
func (r report) beside(a, b, aZH, aEN, bZH, bEN string) {
	at, n := provider.Differ([]byte(a), []byte(b))
	_, m := provider.Differ([]byte(b), []byte(a))
	r.line("\n两段内容从第 %d 个字节起不同：", "\nThe two texts differ from byte %d on:", at)
	fmt.Fprintf(r.w, "  %s\n    %s\n  %s\n    %s\n", r.lang.Pick(aZH, aEN), window(a, at, n, 60), r.lang.Pick(bZH, bEN), window(b, at, m, 60))
}

// window quotes a text around n bytes at a place, with so many bytes before and after, so that a terminal shows blanks and line breaks as they are.
func window(s string, at, n, around int) string {
	from, to := max(0, at-around), min(len(s), at+min(n, 200)+around)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	quoted := strconv.Quote(s[from:to])
	if from > 0 {
		quoted = "…" + quoted
	}
	if to < len(s) {
		quoted += "…"
	}
	return quoted
}
