package console

var staffRoutes []route
