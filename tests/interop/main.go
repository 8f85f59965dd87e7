// Command interop is what other people's Go packages make of the formats of a ledger, for the Python tests beside it.
//
//	interop vectors KIND [SEED]   prints cases with these packages' verdicts, as JSON
//	interop answer                reads a JSON array of questions and prints an array of verdicts
//
// The kept vectors were made with the command that stands in each of them.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strconv"
)

type vector struct {
	Name     string   `json:"name"`
	Question question `json:"question"`
	Answer   verdict  `json:"answer"`
}

type file struct {
	Command string
	Cases   []vector
}

var kinds = map[string]func(*rand.Rand) []vector{
	"proofs": proofs, "notes": notes, "tlogproofs": tlogProofs, "policies": policies, "ed25519": signatures,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func print(value any) {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	check(out.Encode(value))
}

// printFile writes a case a line, so that changes can be read.
func printFile(f file) {
	fmt.Print(`{"command": `)
	print(f.Command)
	fmt.Println(`, "cases": [`)
	for n, each := range f.Cases {
		if n > 0 {
			fmt.Print(",")
		}
		print(each)
	}
	fmt.Println("]}")
}

// seedOf tells apart what was kept, seed 1, from what is made anew.
func seedOf(args []string) int64 {
	if len(args) == 0 {
		return 1
	}
	seed, err := strconv.ParseInt(args[0], 10, 64)
	check(err)
	return seed
}

// ask records what the packages say to a question.
func ask(name string, q question) vector { return vector{name, q, answer(q)} }

func main() {
	switch args := os.Args[1:]; {
	case len(args) >= 2 && args[0] == "vectors" && args[1] == "sumdb":
		print(sumdb())
	case len(args) >= 2 && args[0] == "vectors" && kinds[args[1]] != nil:
		command := fmt.Sprintf("cd tests/interop && go run . vectors %s > vectors/%s.json", args[1], args[1])
		printFile(file{command, kinds[args[1]](rand.New(rand.NewSource(seedOf(args[2:]))))})
	case len(args) == 1 && args[0] == "answer":
		data, err := io.ReadAll(os.Stdin)
		check(err)
		var questions []question
		check(json.Unmarshal(data, &questions))
		verdicts := make([]verdict, 0, len(questions))
		for _, q := range questions {
			verdicts = append(verdicts, answer(q))
		}
		print(verdicts)
	default:
		fmt.Fprintln(os.Stderr, "usage: interop vectors KIND [SEED] | interop answer")
		os.Exit(2)
	}
}
