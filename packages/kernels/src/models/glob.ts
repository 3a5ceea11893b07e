/** Names by pattern. Patterns come from job files, so matching takes time in proportion to pattern × name, whatever they are. */

/** Whether `pattern` is `name` or its end after a dot; `*` stands for any characters, dots too. */
export function matchesName(pattern: string, name: string): boolean {
  return matches(pattern, name) || matches(`*.${pattern}`, name);
}

function matches(pattern: string, name: string): boolean {
  // Only the last star is ever gone back to: what an earlier one took could not have been better.
  let [at, star, resumed] = [0, -1, 0];
  for (let i = 0; i < name.length;) {
    if (pattern[at] === '*') {
      star = at++;
      resumed = i;
    } else if (pattern[at] === name[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resumed;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
