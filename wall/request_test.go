package wall_test

import (
	"testing"

	"postern/wall"
)

const (
	androidChrome = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	androidView   = "Mozilla/5.0 (Linux; Android 14; V2270A Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36"
	linuxChrome   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	weChat        = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E236 MicroMessenger/8.0.49(0x18003130)"
	harmonyPC     = "Mozilla/5.0 (PC; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1"
)

func TestDetectRequest(t *testing.T) {
	for _, c := range []struct {
		name, ua string
		headers  map[string]string
		want     wall.Seen
	}{
		{"no headers", androidChrome, nil, wall.Seen{Container: "browser-chrome", OS: "android", Form: "phone"}},
		{"a package that is known", androidView, map[string]string{"X-Requested-With": "com.kuaishou.nebula"}, wall.Seen{Container: "kuaishou-lite", OS: "android", Form: "phone"}},
		{"in its own spelling", androidView, map[string]string{"X-Requested-With": "com.eg.android.AlipayGphone"}, wall.Seen{Container: "alipay", OS: "android", Form: "phone"}},
		{"an app that says it is Chrome", androidChrome, map[string]string{"X-Requested-With": "com.xingin.xhs"}, wall.Seen{Container: "xiaohongshu", OS: "android", Form: "phone"}},
		{"a package that nobody knows", androidChrome, map[string]string{"X-Requested-With": "org.example.tea"}, wall.Seen{Container: "app-other", OS: "android", Form: "phone"}},
		{"a script's mark", androidChrome, map[string]string{"X-Requested-With": "XMLHttpRequest"}, wall.Seen{Container: "browser-chrome", OS: "android", Form: "phone"}},
		{"nonsense", androidChrome, map[string]string{"X-Requested-With": "a.b, c.d"}, wall.Seen{Container: "browser-chrome", OS: "android", Form: "phone"}},
		{"the user agent names an app", weChat, map[string]string{"X-Requested-With": "com.kuaishou.nebula", "Sec-CH-UA-Platform": `"Android"`}, wall.Seen{Container: "wechat", OS: "ios", Form: "phone"}},
		{"a browser's package", androidView, map[string]string{"X-Requested-With": "com.vivo.browser"}, wall.Seen{Container: "browser-vivo", OS: "android", Form: "phone"}},
		{"a web-view by its brand", androidChrome, map[string]string{"Sec-CH-UA": `"Android WebView";v="131", "Chromium";v="131"`}, wall.Seen{Container: "app-other", OS: "android", Form: "phone"}},
		{"a phone that asks for the desktop page", linuxChrome, map[string]string{"Sec-CH-UA-Platform": `"Android"`, "Sec-CH-UA-Mobile": "?0"}, wall.Seen{Container: "browser-chrome", OS: "android", Form: "tablet"}},
		{"a phone by its hint", linuxChrome, map[string]string{"Sec-CH-UA-Platform": `"Android"`, "Sec-CH-UA-Mobile": "?1"}, wall.Seen{Container: "browser-chrome", OS: "android", Form: "phone"}},
		{"a computer", linuxChrome, map[string]string{"Sec-CH-UA-Platform": `"Linux"`, "Sec-CH-UA-Mobile": "?0"}, wall.Seen{Container: "browser-chrome", OS: "linux", Form: "desktop"}},
		{"a tablet that says Linux without a hint of its form", linuxChrome, map[string]string{"Sec-CH-UA-Platform": `"Chrome OS"`}, wall.Seen{Container: "browser-chrome", OS: "chromeos", Form: "desktop"}},
		{"HarmonyOS imitates", harmonyPC, map[string]string{"Sec-CH-UA-Platform": `"Windows"`, "Sec-CH-UA-Mobile": "?1"}, wall.Seen{Container: "browser-harmony", OS: "harmonyos", Form: "desktop"}},
		{"no user agent at all", "", map[string]string{"X-Requested-With": "com.tencent.mm", "Sec-CH-UA-Platform": `"Android"`, "Sec-CH-UA-Mobile": "?1"}, wall.Seen{Container: "wechat", OS: "android", Form: "phone"}},
		{"a platform nobody knows", "", map[string]string{"Sec-CH-UA-Platform": `"Toaster"`, "Sec-CH-UA-Mobile": "?1"}, wall.Seen{Container: "unknown", OS: "unknown", Form: "phone"}},
	} {
		if got := wall.DetectRequest(c.ua, func(name string) string { return c.headers[name] }); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := wall.DetectRequest(weChat, nil); got != wall.Detect(weChat) {
		t.Errorf("without headers: %+v", got)
	}
}

// TestTraps are the known ways to go wrong, one by one.
func TestTraps(t *testing.T) {
	for _, c := range []struct{ name, ua, container, os, form string }{
		{"WeCom says MicroMessenger", "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 Chrome/81 Safari/537.36 wxwork/4.0.6 (MicroMessenger/6.2) WindowsWechat MailPlugin_Electron", "wecom", "windows", "desktop"},
		{"a mini program's web-view", weChat + " miniProgram/wx0000000000000000", "wechat-miniprogram", "ios", "phone"},
		{"a Mac that says both", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/107 Safari/537.36 MicroMessenger/6.8.0(0x16080000) NetType/WIFI MiniProgramEnv/Mac MacWechat/WMPF WindowsWechat", "wechat-desktop-miniprogram", "macos", "desktop"},
		{"an iPad in desktop mode is a Mac to everybody", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "browser-safari", "macos", "desktop"},
		{"wv is no proof of an app", "Mozilla/5.0 (Linux; Android 12; V2055A; wv) AppleWebKit/537.36 Version/4.0 Chrome/87.0 Mobile Safari/537.36 VivoBrowser/10.6.0.0", "browser-vivo", "android", "phone"},
		{"HarmonyOS on a PC says Windows", "Mozilla/5.0 (Windows NT 10.0; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114 Safari/537.36 ArkWeb/4.1", "browser-harmony", "harmonyos", "desktop"},
		{"JD does not begin with Mozilla", "jdapp;android;12.0.2;13;;MQQBrowser/6.2 TBS/045 Mozilla/5.0 (Linux; Android 13) Mobile", "jd", "android", "phone"},
		{"nor does Pinduoduo", "android Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/88 Mobile Safari/537.36 phh_android_version/6.21.0", "pinduoduo", "android", "phone"},
		{"MQQBrowser alone is a browser", "Mozilla/5.0 (Linux; U; Android 11) AppleWebKit/537.36 Chrome/89 MQQBrowser/13.0 Mobile Safari/537.36", "browser-qqbrowser", "android", "phone"},
		{"Nebula alone is not Alipay", "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/20A NebulaSDK/1.8 Nebula", "app-other", "ios", "phone"},
		{"any app of UnionPay's rule", "Mozilla/5.0 (Linux; Android 12; wv) AppleWebKit/537.36 Chrome/104 Mobile Safari/537.36 UnionPay/1.0 ABankOfNextYear", "unionpay-other", "android", "phone"},
		{"Kuaishou by its kit", "Mozilla/5.0 (Linux; Android 12; wv) AppleWebKit/537.36 Chrome/104 Mobile Safari/537.36 Yoda/3.1", "kuaishou", "android", "phone"},
		{"Feishu looks like Safari", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1 Lark/7.9.0 ChannelName/Feishu", "feishu", "ios", "phone"},
		{"an app of next year", "Mozilla/5.0 (Linux; Android 17; wv) AppleWebKit/537.36 Chrome/160 Mobile Safari/537.36 NextYear/1.0", "app-other", "android", "phone"},
	} {
		if got := wall.Detect(c.ua); got != (wall.Seen{Container: c.container, OS: c.os, Form: c.form}) {
			t.Errorf("%s: got %+v, want %s, %s, %s", c.name, got, c.container, c.os, c.form)
		}
	}
	mac := wall.Seen{Container: "browser-safari", OS: "macos", Form: wall.Desktop} // which an iPad says it is: each wallet must have a product that works there
	for _, c := range [][2]string{{"alipay", "page"}, {"wechatpay", "native"}, {"unionpay", "page"}} {
		if got := wall.Reach(c[0], c[1], mac); got.State != wall.StateWorks {
			t.Errorf("%s on an iPad in desktop mode: %+v", c[0], got)
		}
	}
}

func FuzzDetectRequest(f *testing.F) {
	f.Add(androidChrome, "com.kuaishou.nebula", `"Android"`, "?1")
	f.Add("", "..", `"`, "?")
	m := wall.Default()
	f.Fuzz(func(t *testing.T, ua, requested, platform, mobile string) {
		got := m.DetectRequest(ua, func(name string) string {
			return map[string]string{"X-Requested-With": requested, "Sec-CH-UA-Platform": platform, "Sec-CH-UA-Mobile": mobile, "Sec-CH-UA": requested}[name]
		})
		if m.Family(got.Container) == "" || got.OS == "" || got.Form == "" {
			t.Fatalf("no proper answer: %+v", got)
		}
	})
}
