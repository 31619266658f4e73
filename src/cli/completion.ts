/** Completion scripts for bash, zsh and fish, made from the commands and their options. */

import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script for a shell. */
export function completionScript(root: Command, shell: Shell): string {
  switch (shell) {
    case "bash":
      return bash(root);
    case "zsh":
      return zsh(root);
    case "fish":
      return fish(root);
  }
}

/** A command's options that help shows, and those of every command. */
export function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

export function commandsOf(root: Command): readonly Command[] {
  return root.createHelp().visibleCommands(root);
}

function flagsOf({ short, long }: Option): readonly string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** Words that an option or argument can be; `undefined` where it is anything. */
function choicesOf(of: {
  readonly argChoices?: string[] | undefined;
}): readonly string[] | undefined {
  return of.argChoices;
}

// --- bash

function bash(root: Command): string {
  const commands = commandsOf(root);
  const names = commands.map((command) => command.name());
  const values = commands.flatMap((command) =>
    optionsOf(command).flatMap((option) => {
      if (!option.required) return [];
      const at = flagsOf(option).map((flag) => `${command.name()}:${flag}`);
      const words = choicesOf(option);
      const answer =
        words === undefined
          ? "return"
          : `COMPREPLY=($(compgen -W ${quoted(words.join(" "))} -- "$cur")); return`;
      return [`    ${at.join("|")}) ${answer} ;;`];
    }),
  );
  const words = commands.map((command) => {
    const flags = optionsOf(command).flatMap(flagsOf).join(" ");
    const choices = command.registeredArguments.flatMap((argument) => choicesOf(argument) ?? []);
    const others = choices.length === 0 ? "" : ` || words=${quoted(choices.join(" "))}`;
    return `    ${command.name()}) [[ $cur == -* ]] && words=${quoted(flags)}${others} ;;`;
  });
  return `# bash completion for tracewire: source <(tracewire completion bash)
_tracewire() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= words= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join("|")}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case $command:$prev in
${values.join("\n")}
  esac
  case $command in
    "") words=${quoted([...names, ...optionsOf(root).flatMap(flagsOf)].join(" "))} ;;
${words.join("\n")}
  esac
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
  return 0
}
complete -o default -o bashdefault -F _tracewire tracewire
`;
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// --- zsh

function zsh(root: Command): string {
  const commands = commandsOf(root);
  const described = commands.map(
    (command) => `    ${quoted(`${command.name()}:${plain(command.description())}`)}`,
  );
  const cases = commands.map((command) => {
    const specs = [...optionsOf(command).flatMap(zshOptions), ...zshArguments(command)];
    return `        ${command.name()})\n          _arguments -s \\\n            ${specs.join(" \\\n            ")} ;;`;
  });
  return `#compdef tracewire
# zsh completion for tracewire: tracewire completion zsh > "\${fpath[1]}/_tracewire"
_tracewire() {
  local context state line
  local -a commands=(
${described.join("\n")}
  )
  _arguments -C '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${cases.join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _tracewire ]]; then _tracewire "$@"; else compdef _tracewire tracewire; fi
`;
}

function zshOptions(option: Option): readonly string[] {
  const words = choicesOf(option);
  const value = !option.required
    ? ""
    : words === undefined
      ? `:${option.attributeName()}:_files`
      : `:${option.attributeName()}:(${words.join(" ")})`;
  return flagsOf(option).map((flag) => quoted(`*${flag}[${plain(option.description)}]${value}`));
}

function zshArguments(command: Command): readonly string[] {
  return command.registeredArguments.map((argument) => {
    const words = choicesOf(argument);
    const value = words === undefined ? "_files" : `(${words.join(" ")})`;
    return quoted(`${argument.variadic ? "*" : ""}:${argument.name()}:${value}`);
  });
}

/** Text without what separates the parts of a description. */
function plain(text: string): string {
  return text
    .replaceAll(/[[\]:\\]/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

// --- fish

function fish(root: Command): string {
  const commands = commandsOf(root);
  const lines = commands.map(
    (command) =>
      `complete -c tracewire -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
  );
  for (const command of commands) {
    const seen = `complete -c tracewire -n '__fish_seen_subcommand_from ${command.name()}'`;
    for (const argument of command.registeredArguments) {
      const words = choicesOf(argument);
      if (words !== undefined) lines.push(`${seen} -f -a ${quoted(words.join(" "))}`);
    }
    for (const option of optionsOf(command)) lines.push(`${seen} ${fishOption(option)}`);
  }
  return `# fish completion for tracewire: tracewire completion fish > ~/.config/fish/completions/tracewire.fish
${lines.join("\n")}
`;
}

function fishOption(option: Option): string {
  const words = choicesOf(option);
  const flags = flagsOf(option).map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const value = !option.required
    ? []
    : words === undefined
      ? ["-r"]
      : ["-x", "-a", quoted(words.join(" "))];
  return [...flags, ...value, "-d", quoted(option.description)].join(" ");
}
