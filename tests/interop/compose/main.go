// Reads Compose files as the container engine's own client does, with the Compose project's own library, and prints
// what it understood as JSON; with the word "schema" alone, the schema against which it checks.
//
//	go run . docker-compose.yml [override.yml …]
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/schema"
)

func run(arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "schema" {
		_, err := fmt.Print(schema.Schema)
		return err
	}
	options, err := cli.NewProjectOptions(arguments, cli.WithOsEnv, cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	understood, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(understood)
	return err
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
