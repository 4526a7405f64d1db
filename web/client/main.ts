import { AccessPanel } from "./access-panel.ts";
import { startAccount } from "./account.ts";
import { Console } from "./console.ts";
import { find } from "./element.ts";
import { LoginScreen } from "./login-screen.ts";
import { RejectedPanel } from "./rejected-panel.ts";
import { fetchMe } from "./server-api.ts";
import { signedIn } from "./signing.ts";
import { startTheme } from "./theme.ts";

let page: Console | undefined;
startTheme(find("#theme"), () => page?.repaint());
new LoginScreen().start();
startAccount(() => {
  page?.forget();
  location.reload();
});
// A server that is away is no reason to show nothing: the page has what it last saw, and keeps trying.
const me = await fetchMe().catch(() => undefined);
if (me !== undefined) signedIn(me);
page = new Console();
page.start();
new RejectedPanel().start();
new AccessPanel().start();
