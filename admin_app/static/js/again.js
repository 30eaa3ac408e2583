/** After a new sign-in: on to the form with what was typed. Without scripts the button does it. */

document.querySelector('[data-again]')?.requestSubmit();
