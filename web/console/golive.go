package console

var goLiveRoutes []route
