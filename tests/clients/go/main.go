// Debian's Go packages of masterzen/winrm run a command and a script with Basic and with NTLM. The simulator's port, user
// and password are in the environment, as PORT, ACCOUNT and PASSWORD.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/masterzen/winrm"
)

// Login runs what is tried with one scheme.
func login(name string, decorate func() winrm.Transporter) error {
	port, err := strconv.Atoi(os.Getenv("PORT"))
	if err != nil {
		return err
	}
	endpoint := winrm.NewEndpoint("127.0.0.1", port, false, false, nil, nil, nil, 20*time.Second)
	parameters := winrm.NewParameters("PT20S", "en-US", 153600)
	parameters.TransportDecorator = decorate
	client, err := winrm.NewClientWithParameters(endpoint, os.Getenv("ACCOUNT"), os.Getenv("PASSWORD"), parameters)
	if err != nil {
		return err
	}
	for _, line := range []string{"echo hi", winrm.Powershell("Write-Output hi")} {
		var stdout, stderr bytes.Buffer
		code, err := client.Run(line, &stdout, &stderr)
		if err != nil {
			return err
		}
		if code != 0 || stdout.String() != "hi\r\n" {
			return fmt.Errorf("%s: %d, %q, %q", name, code, stdout.String(), stderr.String())
		}
	}
	fmt.Println("masterzen/winrm:", name)
	return nil
}

func main() {
	schemes := map[string]func() winrm.Transporter{
		"Basic": nil,
		"NTLM":  func() winrm.Transporter { return &winrm.ClientNTLM{} },
	}
	for name, decorate := range schemes {
		if err := login(name, decorate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
