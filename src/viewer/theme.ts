/** Light, dark, or as the system has it. */

import { byId } from "./dom.ts";

const KEY = "tracewire.theme";
const THEMES = ["system", "light", "dark"] as const;

export function listenToTheme(): void {
  const choice = byId<HTMLSelectElement>("theme");
  const kept = localStorage.getItem(KEY);
  choice.value = THEMES.find((theme) => theme === kept) ?? "system";
  const show = (): void => {
    if (choice.value === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = choice.value;
  };
  choice.addEventListener("change", () => {
    localStorage.setItem(KEY, choice.value);
    show();
  });
  show();
}
