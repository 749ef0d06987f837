// The console's script: finds on the page what is alive, and hands it to the module that knows it. No
// libraries, no build step.

import { Ceremony } from "./console/ceremony.js";
import { fillIn, submitWhenChosen } from "./console/forms.js";
import { $$ } from "./console/page.js";
import { PocketPhone } from "./console/phone.js";
import { signalAccepted } from "./console/signals.js";
import { watchTheWire } from "./console/wire.js";

for (const root of $$("[data-ceremony]")) new Ceremony(root);
for (const root of $$("[data-phone]")) new PocketPhone(root);
for (const list of $$("[data-wire]")) watchTheWire(list);
for (const list of $$("[data-accepted]")) signalAccepted(list);
for (const person of $$("[data-person]")) fillIn(person);
for (const group of $$("[data-submits]")) submitWhenChosen(group);
