"""Other products' APIs, spoken over our services: a client written for one of them works when its address points here.

A dialect translates and keeps no rule of its own. What all of them need stands beside them: `mounts` (where each is
served), `guests` (who acts where nobody signs in), `tokens`, `limits`, `names` (what foreign clients call an
execution), `symbols` (which dataset they mean) and `runs` (how they start one).
"""
