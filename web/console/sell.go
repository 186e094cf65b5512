package console

// sellRoutes are the pages of selling: today, items, orders.
var sellRoutes []route
