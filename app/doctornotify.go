package app

// checkNotify reads the file of routes and its secrets, if there is one.
func (d *doctor) checkNotify() {
	const check = "notifications"
	routes, err := d.config.routes()
	if err == nil && routes == nil {
		return
	}
	if err == nil {
		_, err = d.config.sample()
	}
	if err != nil {
		d.problem(check, "Put it right and look again: `"+d.weir("notify check")+"`; secrets are looked for in this process's own environment.", "%v", err)
		return
	}
	d.fine(check, "%s: %s, with their secrets", d.config.Notify.File, plural(len(routes.Names()), "route"))
}
