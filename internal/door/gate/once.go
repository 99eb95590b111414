package gate

// Once is the answer of f, asked once in this request however often it is wanted: a list
// of fifty lines names the same places and categories again and again. It is for what the
// request only reads.
func Once[K comparable, T any](c *Ctx, key K, f func() (T, error)) (T, error) {
	if v, ok := c.kept[key]; ok {
		return v.(T), nil
	}
	v, err := f()
	if err == nil {
		Keep(c, key, v)
	}
	return v, err
}

// Keep is the answer that Once will give for the key.
func Keep[K comparable, T any](c *Ctx, key K, v T) {
	if c.kept == nil {
		c.kept = map[any]any{}
	}
	c.kept[key] = v
}
