/**
 * The URL with the account that `services add` or `devices add` printed: a line with the names of the columns, then one with user
 * name and password.
 * @throws RangeError when the text is something else.
 */
export function withAccount(url: string, csv: string): string {
  const [, line = ""] = csv.split(/\r?\n/);
  const [userName = "", password = ""] = line.split(",");
  if (!csv.startsWith("user_name,password") || userName === "" || password === "")
    throw new RangeError(
      "--account must name a file that begins with user_name,password, as services add prints it",
    );
  const full = new URL(url);
  full.username = encodeURIComponent(userName);
  full.password = encodeURIComponent(password);
  return full.toString();
}

/** A client id as the platform lets this URL's account use it: the account's own name, then whatever tells its connections apart. */
export function clientIdAt(url: string, clientId: string): string {
  const userName = decodeURIComponent(new URL(url).username);
  return userName === "" || userName === clientId ? clientId : `${userName}/${clientId}`;
}
