// What holds the namespaces of a pod. It is also an image without a shell.
module konverge/test/testbed/pause

go 1.26.0
