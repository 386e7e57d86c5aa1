# A host without a terminal, which keeps what it is asked and answers from a list: dot-sourced by the tests.
class AnsweringUI : System.Management.Automation.Host.PSHostUserInterface {
    [System.Collections.Generic.Queue[string]] $Answers = [System.Collections.Generic.Queue[string]]::new()
    [System.Collections.Generic.List[string]] $Asked = [System.Collections.Generic.List[string]]::new()
    [System.Management.Automation.Host.PSHostRawUserInterface] get_RawUI() { return $null }
    [string] ReadLine() { throw [System.NotImplementedException]::new() }
    [securestring] ReadLineAsSecureString() { throw [System.NotImplementedException]::new() }
    [void] Write([string] $value) { }
    [void] Write([ConsoleColor] $foreground, [ConsoleColor] $background, [string] $value) { }
    [void] WriteLine([string] $value) { }
    [void] WriteErrorLine([string] $value) { }
    [void] WriteDebugLine([string] $message) { }
    [void] WriteProgress([long] $sourceId, [System.Management.Automation.ProgressRecord] $record) { }
    [void] WriteVerboseLine([string] $message) { }
    [void] WriteWarningLine([string] $message) { }
    [System.Collections.Generic.Dictionary[string, psobject]] Prompt([string] $caption, [string] $message,
        [System.Collections.ObjectModel.Collection[System.Management.Automation.Host.FieldDescription]] $descriptions) {
        throw [System.NotImplementedException]::new()
    }
    [pscredential] PromptForCredential([string] $caption, [string] $message, [string] $userName, [string] $targetName) {
        throw [System.NotImplementedException]::new()
    }
    [pscredential] PromptForCredential([string] $caption, [string] $message, [string] $userName, [string] $targetName,
        [System.Management.Automation.PSCredentialTypes] $types, [System.Management.Automation.PSCredentialUIOptions] $options) {
        throw [System.NotImplementedException]::new()
    }
    [int] PromptForChoice([string] $caption, [string] $message,
        [System.Collections.ObjectModel.Collection[System.Management.Automation.Host.ChoiceDescription]] $choices, [int] $default) {
        $this.Asked.Add("$caption`n$message")
        if ($this.Answers.Count -eq 0) { throw 'nobody answers' }
        $answer = $this.Answers.Dequeue()
        $labels = @($choices.ForEach({ $_.Label.Replace('&', '') }))
        return [array]::IndexOf($labels, $answer)
    }
}

class AnsweringHost : System.Management.Automation.Host.PSHost {
    [AnsweringUI] $Talk = [AnsweringUI]::new()
    [guid] $Guid = [guid]::NewGuid()
    [cultureinfo] get_CurrentCulture() { return [cultureinfo]::InvariantCulture }
    [cultureinfo] get_CurrentUICulture() { return [cultureinfo]::InvariantCulture }
    [guid] get_InstanceId() { return $this.Guid }
    [string] get_Name() { return 'AnsweringHost' }
    [System.Management.Automation.Host.PSHostUserInterface] get_UI() { return $this.Talk }
    [version] get_Version() { return [version]::new(1, 0) }
    [void] EnterNestedPrompt() { }
    [void] ExitNestedPrompt() { }
    [void] NotifyBeginApplication() { }
    [void] NotifyEndApplication() { }
    [void] SetShouldExit([int] $exitCode) { }
}
