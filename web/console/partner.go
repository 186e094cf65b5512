package console

var partnerRoutes []route
