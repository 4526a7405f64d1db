import { forgetSnapshot } from "./overview/cache.ts";
import { RejectedCount } from "./rejected/rejected-count.ts";
import { startAccount } from "./shell/account.ts";
import { Bell } from "./shell/bell.ts";
import { ConsoleShell } from "./shell/console-shell.ts";
import { find } from "./shell/element.ts";
import { LoginScreen } from "./shell/login-screen.ts";
import { matchRoute } from "./shell/router.ts";
import { routes } from "./shell/routes.ts";
import { fetchMe } from "./shell/server-api.ts";
import { signedIn } from "./shell/signing.ts";
import { isSwitchedOn, startSwitches } from "./shell/switches.ts";
import { startTheme } from "./shell/theme.ts";
import { startZone } from "./shell/zone.ts";

let shell: ConsoleShell | undefined;
const bell = new Bell();
startZone();
startSwitches((name) => {
  if (name === "sound" && isSwitchedOn("sound")) bell.sample();
});
startTheme(find("#theme"), () => shell?.repaint());
new LoginScreen().start();
startAccount(() => {
  shell?.forget();
  forgetSnapshot();
  location.assign("/");
});
// Loaded while it is asked who sits here; whatever is wrong with it is said when it is opened.
matchRoute(routes, location)
  ?.route.load()
  .catch(() => undefined);
// A server that is away is no reason to show nothing: the page has what it last saw, and keeps trying.
const me = await fetchMe().catch(() => undefined);
if (me !== undefined) signedIn(me);
shell = new ConsoleShell(routes, me);
bell.start(shell.live);
shell.start();
new RejectedCount().start();
