package picture

import (
	"bytes"
	"encoding/binary"
)

// JPEG's marks. A file is a row of segments: 0xff, a mark, two bytes of length that count themselves.
const (
	markStart       = 0xd8
	markScan        = 0xda
	markEnd         = 0xd9
	markApp1        = 0xe1
	markProgressive = 0xc2
)

// segments calls visit for each segment before the picture itself until it says stop.
func segments(raw []byte, visit func(mark byte, body []byte) (stop bool)) {
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != markStart {
		return
	}
	for rest := raw[2:]; len(rest) >= 4; {
		switch {
		case rest[0] != 0xff:
			return
		case rest[1] == 0xff: // padding
			rest = rest[1:]
			continue
		case rest[1] == markScan || rest[1] == markEnd:
			return
		}
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 2 || 2+length > len(rest) || visit(rest[1], rest[4:2+length]) {
			return
		}
		rest = rest[2+length:]
	}
}

// progressive says that a file is a progressive JPEG.
func progressive(raw []byte) (found bool) {
	segments(raw, func(mark byte, _ []byte) bool {
		found = found || mark == markProgressive
		return found
	})
	return found
}

// orientation is how the camera was held, 1 to 8 as EXIF counts; 1 where nothing is said or what is said makes no sense.
func orientation(raw []byte) int {
	turn := 1
	segments(raw, func(mark byte, body []byte) bool {
		tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00"))
		if mark != markApp1 || !ok {
			return false
		}
		turn = tagged(tiff)
		return true
	})
	return turn
}

// tagged finds the one tag in the first directory of a TIFF block; all others are left alone.
func tagged(tiff []byte) int {
	const tagOrientation, kindShort, entrySize, headerSize = 0x0112, 3, 12, 8
	if len(tiff) < headerSize {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "MM\x00*":
		order = binary.BigEndian
	case "II*\x00":
	default:
		return 1
	}
	first := uint64(order.Uint32(tiff[4:]))
	if first+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[first:]
	entries := directory[2:]
	for range order.Uint16(directory) {
		if len(entries) < entrySize {
			return 1
		}
		if order.Uint16(entries) == tagOrientation {
			turn := int(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != kindShort || turn < 1 || turn > 8 {
				return 1
			}
			return turn
		}
		entries = entries[entrySize:]
	}
	return 1
}
