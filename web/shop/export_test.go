package shop

// Routes is the table of routes, "METHOD /pattern", so that tests of what must hold everywhere miss none.
func Routes() []string {
	var all []string
	for _, r := range routes {
		all = append(all, r.method+" "+r.path)
	}
	return all
}

// SamplePhoto is a photograph drawn in code, in both sizes.
var SamplePhoto = samplePhoto

// Remembered is the cookie of a device that knows its buyer.
var Remembered = buyerCookie + "=" + formatBuyer(buyer{Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号"})
