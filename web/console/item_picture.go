package console

import (
	"bytes"
	"net/http"

	"postern"
	"postern/picture"
)

// takePictures makes pictures of the files of a form and adds them to an item, one after the other. One that the item has already is left out, so that a form that is
// sent twice adds nothing; the first that is refused ends it.
func (h *Handler) takePictures(r *http.Request, v *visit, item postern.ShopItem) error {
	for _, f := range files(r, "picture", maxPictures) {
		if f.Size > picture.MaxBytes {
			return &picture.Refusal{Reason: picture.TooLarge}
		}
		raw, err := readFile(f, picture.MaxBytes)
		if err != nil {
			return err
		}
		made, err := picture.Make(raw)
		if err != nil {
			return err
		}
		there, err := h.hasPicture(r, v, item.ID, made)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		p := postern.Picture{Width: int64(made.Width), Height: int64(made.Height), Large: made.Large, Small: made.Small}
		if _, err := h.cfg.Engine.AddPicture(r.Context(), v.Actor, v.Merchant.ID, item.ID, p); err != nil {
			return err
		}
	}
	return nil
}

// hasPicture says whether an item has the same picture. The same upload makes the same bytes.
func (h *Handler) hasPicture(r *http.Request, v *visit, itemID string, made picture.Picture) (bool, error) {
	item, err := h.cfg.Engine.Store.Item(r.Context(), v.Merchant.ID, itemID)
	if err != nil {
		return false, err
	}
	for _, p := range item.Pictures {
		if p.Width != int64(made.Width) || p.Height != int64(made.Height) {
			continue
		}
		full, err := h.cfg.Engine.Store.Picture(r.Context(), v.Merchant.ID, itemID, p.ID)
		if err != nil {
			return false, err
		}
		if bytes.Equal(full.Large, made.Large) {
			return true, nil
		}
	}
	return false, nil
}

func addPictures(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok || !h.form(w, r, v) {
		return
	}
	var err error
	if len(files(r, "picture", 1)) == 0 {
		err = postern.Invalid("picture", postern.CodeInvalid, "there is no picture in the form", "choose one")
	} else {
		err = h.takePictures(r, v, item)
	}
	if err == nil {
		see(w, r, v.path("/items/"+item.ID+"?done"))
		return
	}
	if item, ok = h.itemOf(w, r, v); ok { // with those that were taken
		h.refuseItem(w, r, v, item, formOf(v, item), err)
	}
}

// changePicture puts a picture first or takes it off.
func changePicture(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok || !h.form(w, r, v) {
		return
	}
	ctx, id, err := r.Context(), r.PathValue("picture"), error(nil)
	switch r.PostForm.Get("do") {
	case "first":
		err = h.cfg.Engine.FirstPicture(ctx, v.Actor, v.Merchant.ID, item.ID, id)
	case "remove":
		if _, err = h.cfg.Engine.Store.Picture(ctx, v.Merchant.ID, item.ID, id); err == nil {
			err = h.cfg.Engine.RemovePicture(ctx, v.Actor, v.Merchant.ID, item.ID, id)
		}
	default:
		err = postern.E(postern.CodeNotFound, "console.changePicture", "there is no such act")
	}
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	see(w, r, v.path("/items/"+item.ID+"?done"))
}

// showPicture is a picture in its small size. Its bytes never change under its id, so the browser asks once; the pages are for this person only.
func showPicture(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	p, err := h.cfg.Engine.Store.Picture(r.Context(), v.Merchant.ID, r.PathValue("item"), r.PathValue("picture"))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "image/jpeg")
	head.Set("Cache-Control", "private, max-age=31536000, immutable")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(p.Small) // the person has gone: nobody to tell
}
