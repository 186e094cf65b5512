package console

// moneyRoutes are the pages about where the money is.
var moneyRoutes []route
