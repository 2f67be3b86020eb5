#!/usr/bin/env python3
"""Puts a small synthetic town into a running server, through the same door as everybody: FHIR transactions.

Use:   tools/demo_seed.py --base http://127.0.0.1:8080 --token-file FILE [--people 300]  |  --show-number
Data:  fixed seed; persons have ids demo-…, resident numbers of the unused division 3801, mobile numbers 1990000xxxx.
       Sent by PUT, so a second run changes nothing; readings are only added to a town that was not there yet.
Exit:  0 done, 1 refused (the server's own words are printed).
"""
import argparse
import datetime
import json
import random
import sys
import urllib.error
import urllib.request

SID = "http://tongkang.dev/fhir/sid"
AREAS = {"380102001": "清江区柳溪街道", "380102002": "清江区石桥街道", "380104101": "云山县上茶亭镇"}
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红鑫雨宁子轩一诺梓涵"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FEVER_CEL = 37.3  # only to shape the sample; the rule's own threshold lives in its pack
BATCH = 100


def check_digit(first17):
    """The last character of a resident number (GB 11643: ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first17))
    return "10X98765432"[total % 11]


def resident_number(area, birth, sequence):
    first = f"{area[:6]}{birth:%Y%m%d}{sequence:03d}"
    return first + check_digit(first)


def person(number, rng):
    area = rng.choice(list(AREAS))
    birth = datetime.date(1936, 1, 1) + datetime.timedelta(days=rng.randrange(87 * 365))
    male = rng.random() < 0.5
    sequence = rng.randrange(1, 499) * 2 + (1 if male else 0)
    name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))
    return {
        "resourceType": "Patient", "id": f"demo-{number:05d}",
        "meta": {"tag": [{"system": f"{SID}/area", "code": area, "display": AREAS[area]}]},
        "identifier": [{"system": f"{SID}/cn-resident-id", "value": resident_number(area, birth, sequence)}],
        "name": [{"text": name}], "gender": "male" if male else "female", "birthDate": f"{birth}",
        "telecom": [{"system": "phone", "use": "mobile", "value": f"1990000{number % 10000:04d}"}],
    }


def reading(patient, rng, now):
    fever = rng.random() < 0.03
    tenths = rng.randrange(373, 392) if fever else rng.randrange(360, 372)
    at = now - datetime.timedelta(minutes=rng.randrange(5, 600))
    return {
        "resourceType": "Observation", "id": patient["id"].replace("demo-", "demo-t-"), "status": "final",
        "meta": {"tag": patient["meta"]["tag"]},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}], "text": "体温"},
        "subject": {"reference": f"Patient/{patient['id']}"}, "effectiveDateTime": at.isoformat(timespec="seconds"),
        "valueQuantity": {"value": tenths / 10, "unit": "°C", "system": "http://unitsofmeasure.org", "code": "Cel"},
    }


def request(args, method, path, body=None):
    """Answers (status, text); network failures end the program with a clear word."""
    with open(args.token_file, encoding="utf-8") as file:
        token = file.read().strip()
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    ask = urllib.request.Request(args.base + path, data=data, method=method, headers={
        "Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json", "Accept": "application/fhir+json"})
    try:
        with urllib.request.urlopen(ask, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except urllib.error.URLError as error:
        sys.exit(f"demo seed: {args.base} does not answer: {error.reason}")


def send(args, resources):
    for start in range(0, len(resources), BATCH):
        entries = [{"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
                   for resource in resources[start:start + BATCH]]
        status, text = request(args, "POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        if status != 200:
            sys.exit(f"the server refused entries {start}…: {status} {text[:2000]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="http://127.0.0.1:8080")
    parser.add_argument("--token-file", default="build/demo/demo-token.txt")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--show-number", action="store_true", help="print the resident numbers of three persons near the gate")
    args = parser.parse_args()
    rng = random.Random(20200123)
    people = [person(number, rng) for number in range(1, args.people + 1)]
    if args.show_number:
        near = [one for one in people if one["meta"]["tag"][0]["code"].startswith("380102")]
        print("\n".join(one["identifier"][0]["value"] for one in near[:3]))
        return 0
    status, _ = request(args, "GET", f"/fhir/Observation/{people[-1]['id'].replace('demo-', 'demo-t-')}")
    if status == 200:
        print("the demonstration town is there already")
        return 0
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    send(args, people)
    send(args, [reading(patient, rng, now) for patient in people])
    print(f"{len(people)} persons and as many readings sent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
