// Package webtest looks at pages with a real browser: it opens them under their own headers, reports what the browser complains about, and takes pictures.
// Only tests import it.
package webtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one running Chromium with one tab.
type Browser struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Open starts Chromium for one test. Without one the test is skipped, unless POSTERN_REQUIRE names chromium: then it fails. When address (host:port) is given,
// every host name leads there, so that a whole world behind one server can be opened under its own names.
func Open(t testing.TB, address ...string) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		if strings.Contains(os.Getenv("POSTERN_REQUIRE"), "chromium") {
			t.Fatal("POSTERN_REQUIRE names chromium, and no chromium, chromium-browser or google-chrome is on the PATH")
		}
		t.Skip("no Chromium on the PATH: pages are not looked at")
	}
	fonts, err := fontConfig(t)
	if err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("font-render-hinting", "none"), chromedp.Env("FONTCONFIG_FILE="+fonts),
	)
	if len(address) > 0 {
		opts = append(opts, chromedp.Flag("host-resolver-rules", "MAP * "+address[0]))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(alloc)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	b := &Browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return b
}

// fontConfig makes the system's own font a good Chinese one, as it is on the phones and computers of buyers; on a bare machine it would be a Latin fallback.
func fontConfig(t testing.TB) (string, error) {
	const config = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>` +
		`<match target="pattern"><edit name="family" mode="prepend" binding="strong"><string>Noto Sans CJK SC</string></edit></match></fontconfig>`
	file := filepath.Join(t.TempDir(), "fonts.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return "", fmt.Errorf("write the font configuration: %w", err)
	}
	return file, nil
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// hear collects what a person would see in red in the browser's console.
func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			b.complaints = append(b.complaints, strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	}
}

// Complaints returns what the browser complained about since the last call.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.complaints
	b.complaints = nil
	return was
}

// View is how a page is looked at. Height 0 means as high as a usual screen of that width.
type View struct {
	Width, Height int
	Dark          bool
	Zoom          float64 // text size, 1 when zero
	NoScript      bool
	UserAgent     string
	Language      string // what the browser asks for, the machine's when empty
}

// Show opens an address in a view and waits until it is loaded.
func (b *Browser) Show(address string, v View) error {
	if v.Height == 0 {
		v.Height = 780
	}
	scheme, scale := "light", 1.0
	if v.Dark {
		scheme = "dark"
	}
	if v.Width < 600 {
		scale = 2
	}
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(v.Width), Height: int64(v.Height), DeviceScaleFactor: scale, Mobile: v.Width < 600})
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	}
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.NoScript})
	}
	if err == nil && v.UserAgent != "" {
		_, err = chromedp.Call(b.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: v.UserAgent})
	}
	if err == nil && v.Language != "" {
		_, err = chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": v.Language}})
	}
	if err == nil {
		err = chromedp.Do(b.ctx, chromedp.Navigate(address))
	}
	if err == nil && v.Zoom > 1 {
		_, err = chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.documentElement.style.fontSize='%d%%'", int(v.Zoom*100))))
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	return nil
}

// Slow makes the line and the processor slow: bytes a second in each direction, milliseconds before each answer, and so many times slower. Nothing is cached.
func (b *Browser) Slow(bytesPerSecond, latency, times float64) error {
	line := network.Conditions{Latency: latency, DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond}
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	}
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&line}})
	}
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: times})
	}
	if err != nil {
		return fmt.Errorf("slow the browser down: %w", err)
	}
	return nil
}

// Do runs chromedp actions in the tab.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) error {
	return chromedp.Do(b.ctx, actions...)
}

// Eval evaluates an expression in the page.
func Eval[T any](b *Browser, expression string) (T, error) {
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		err = fmt.Errorf("evaluate %s: %w", expression, err)
	}
	return v, err
}

// Wait evaluates a condition in the page until it holds, for at most ten seconds.
func (b *Browser) Wait(condition string) error {
	for range 100 {
		ok, err := Eval[bool](b, condition)
		if err == nil && ok {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("this did not come true within ten seconds: %s", condition)
}

// Picture takes a PNG of the whole page, or of the visible part when visible is set.
func (b *Browser) Picture(visible bool) ([]byte, error) {
	var raw []byte
	var err error
	if visible {
		raw, err = chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	} else {
		raw, err = chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	}
	if err != nil {
		return nil, fmt.Errorf("take a picture: %w", err)
	}
	return shrink(raw)
}

// shrink writes a PNG with few colours as a palette image, which is a third of the size and looks the same for our flat pages.
func shrink(raw []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	small, ok := palette(img)
	if !ok {
		return raw, nil
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		return nil, fmt.Errorf("write the picture: %w", err)
	}
	return out.Bytes(), nil
}

var errTooSmall = errors.New("the picture is empty")

// Size returns the width and height of a PNG.
func Size(raw []byte) (image.Point, error) {
	c, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return image.Point{}, fmt.Errorf("read the picture: %w", err)
	}
	if c.Width == 0 || c.Height == 0 {
		return image.Point{}, errTooSmall
	}
	return image.Pt(c.Width, c.Height), nil
}
