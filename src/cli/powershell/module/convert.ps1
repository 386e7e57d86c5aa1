# Bound parameters as words of the command, each with its value behind a colon, so that no value is taken for a name.
function ConvertTo-PssWord {
    param([System.Collections.IDictionary] $Bound, [string[]] $Name)

    foreach ($one in $Name | Where-Object { $Bound.Keys -contains $_ }) {
        $value = $Bound[$one]
        if ($value -is [switch]) {
            if ($value) { "-${one}" } else { "-${one}:`$false" }
        }
        else {
            $texts = foreach ($item in $value) {
                $text = if ($item -is [uri]) { $item.OriginalString } else { "$item" }
                ConvertTo-PssListItem $text
            }
            "-${one}:$($texts -join ',')"
        }
    }
}

# A text as one value of a list: the comma and the quote in it are its own, and a backtick at its end does not reach the
# comma behind it.
function ConvertTo-PssListItem {
    param([string] $Text)

    $Text -replace '(?<!`)((?:``)*),', '$1`,' -replace '(?<!`)((?:``)*)`\z', '$1``' -replace '\A(?=[''"])', '`'
}

# An object as a line for the command's stdin: the properties that mean something there. A whole session would say more
# than anybody can read, or lose its endpoint below the depth of the conversion.
function ConvertTo-PssLine {
    param([object] $Value)

    $bare = if ($Value -is [psobject]) { $Value.PSObject.BaseObject } else { $Value }
    if ($bare -is [string] -or $bare -is [valuetype]) {
        # The command tells it that this is no object.
        if ($bare -is [enum]) { $bare = "$bare" }
        return ConvertTo-Json -InputObject $bare -Compress
    }
    $names = @(
{{properties}}
    )
    $chosen = [ordered]@{}
    foreach ($name in $names) {
        $property = $Value.PSObject.Properties[$name]
        if (-not $property) { continue }
        # What cannot be read is not there.
        $part = try { $property.Value } catch { $null }
        # What a function returns would be wrapped, and written as an object.
        if ($part -is [array]) { $part = [string[]] $part } else { $part = ConvertTo-PssScalar $part }
        $chosen[$name] = $part
    }
    $connection = try { $Value.Runspace.ConnectionInfo.ConnectionUri } catch { $null }
    if ($connection) {
        $text = if ($connection -is [uri]) { $connection.OriginalString } else { "$connection" }
        $chosen['Runspace'] = @{ ConnectionInfo = @{ ConnectionUri = $text } }
    }
    ConvertTo-Json -InputObject $chosen -Compress -Depth 4 -WarningAction SilentlyContinue
}

# A value as JSON has it.
function ConvertTo-PssScalar {
    param([object] $Value)

    if ($Value -is [uri]) { return $Value.OriginalString }
    if ($Value -is [datetime]) { return $Value.ToUniversalTime().ToString('o', [cultureinfo]::InvariantCulture) }
    if ($Value -is [enum] -or $Value -is [guid]) { return "$Value" }
    # A text that came with properties of its own is still no more than its text.
    if ($Value -is [psobject]) { return $Value.PSObject.BaseObject }
    $Value
}

# A line of the command's stdout as an object.
function ConvertFrom-PssLine {
    param([string] $Line, [string] $TypeName)

    $value = ConvertFrom-PssJson $Line
    # An Id is an Int32, as everywhere in PowerShell, so that it is no computer name at position 0.
    if ($value.Id -as [int]) { $value.Id = [int] $value.Id }
    $value.PSObject.TypeNames.Insert(0, $TypeName)
    $value
}

# JSON as an object, in which a text that looks like a date stays text: a session may be called so.
function ConvertFrom-PssJson {
    param([string] $Line)

    if ((Get-Command -Name Microsoft.PowerShell.Utility\ConvertFrom-Json).Parameters.ContainsKey('DateKind')) {
        return Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $Line -DateKind String
    }
    if ($PSVersionTable.PSEdition -eq 'Desktop') {
        # Windows PowerShell knows no such dates.
        return Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $Line
    }
    $document = [System.Text.Json.JsonDocument]::Parse($Line)
    try { ConvertFrom-PssElement $document.RootElement } finally { $document.Dispose() }
}

# The same in a PowerShell without that choice.
function ConvertFrom-PssElement {
    param([System.Text.Json.JsonElement] $Element)

    switch ($Element.ValueKind) {
        'Object' {
            $object = [ordered]@{}
            foreach ($one in $Element.EnumerateObject()) { $object[$one.Name] = ConvertFrom-PssElement $one.Value }
            return [pscustomobject] $object
        }
        'Array' { return , @(foreach ($one in $Element.EnumerateArray()) { ConvertFrom-PssElement $one }) }
        'String' { return $Element.GetString() }
        'True' { return $true }
        'False' { return $false }
        'Null' { return $null }
        'Number' {
            $whole = [long] 0
            if ($Element.TryGetInt64([ref] $whole)) { return $whole }
            return $Element.GetDouble()
        }
    }
}
