// Package ui is what all pages of Postern share: colours and base style, languages, times, QR codes, wallet marks and the security headers.
//
// Pages load nothing from another host and no file of their own: style and script travel inside the one response, allowed by a nonce. Names, colours and glyphs
// of wallets are data from the providers' descriptions; none is written here.
package ui
