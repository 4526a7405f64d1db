import { askWith } from "../api/asking.ts";
import { element } from "../shell/element.ts";
import { onSignedOut } from "../shell/signing.ts";
import { readAddress } from "./embed-address.ts";
import { EmbedPage } from "./embed-page.ts";
import { keptToken } from "./token-keeper.ts";

const asked = readAddress(location);
// Before anything else is loaded, so that no address that is seen or sent has the token in it.
history.replaceState(null, "", asked.bare);
document.documentElement.dataset["theme"] = asked.theme;
document.title = asked.deviceId;

function refuse(sentence: string): void {
  document.body.replaceChildren(
    element("main", { class: "embed" }, [element("p", { class: "embed-said", role: "alert" }, [sentence])]),
  );
}

const token = keptToken(asked.deviceId, asked.token);
if (token === undefined) refuse("This chart needs its token: load the page anew that shows it.");
else {
  askWith(token);
  onSignedOut(() =>
    refuse("This chart is no longer given away. Whoever runs this page can ask for another token."),
  );
  document.body.append(new EmbedPage(asked, token).element);
}
