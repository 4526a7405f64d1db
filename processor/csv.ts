/** The fields of one line of comma-separated values (RFC 4180, but for line breaks within quotes). */
export function readCsvLine(line: string): readonly string[] {
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? "";
    const isDoubled = isQuoted && sign === '"' && line[at + 1] === '"';
    if (isDoubled) {
      field += sign;
      at += 1;
    } else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === "," && !isQuoted) {
      fields.push(field);
      field = "";
    } else field += sign;
  }
  return [...fields, field];
}

/** Fields as one line, quoted where they must be. */
export function writeCsvLine(fields: readonly (string | number)[]): string {
  return fields
    .map(String)
    .map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}
